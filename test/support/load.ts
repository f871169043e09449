import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface LoadOptions {
  readonly connections: number;
  /** How many requests in all; or until `until` says so. */
  readonly requests?: number;
  readonly until?: () => boolean;
  /** Between an answer and the next request of a connection, so that the machine has time for what is tested meanwhile. */
  readonly pauseMs?: number;
  readonly method?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface LoadResult {
  readonly sent: number;
  /** Answers by status. */
  readonly answered: Readonly<Record<number, number>>;
  /** Requests without a whole answer, by error code. */
  readonly failed: Readonly<Record<string, number>>;
}

/** Requests on kept-alive connections, each connection one after the other, without any retry. */
export async function load(url: string, options: LoadOptions): Promise<LoadResult> {
  const {
    connections,
    requests = Infinity,
    until = () => false,
    pauseMs,
    method = 'GET',
    body,
    headers = {},
  } = options;
  const answered: Record<number, number> = {};
  const failed: Record<string, number> = {};
  let sent = 0;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (sent < requests && !until()) {
        sent += 1;
        try {
          const status = await exchange(url, { agent, method, headers }, body);
          answered[status] = (answered[status] ?? 0) + 1;
        } catch (error) {
          const code = (error as NodeJS.ErrnoException).code ?? String(error);
          failed[code] = (failed[code] ?? 0) + 1;
        }
        if (pauseMs !== undefined) await sleep(pauseMs);
      }
    }),
  );
  agent.destroy();
  return { sent, answered, failed };
}

function exchange(
  url: string,
  options: { agent: Agent; method: string; headers: Readonly<Record<string, string>> },
  body: string | undefined,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const req = request(url, options, (res) => {
      res.on('error', reject);
      res.on('close', () => {
        if (res.complete) resolve(res.statusCode ?? 0);
        else reject(new Error('cut'));
      });
      res.resume();
    });
    req.on('error', reject);
    req.end(body);
  });
}
