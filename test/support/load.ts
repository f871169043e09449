import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

interface LoadOptions {
  readonly connections: number;
  /** How many requests in total. Defaults to no limit. */
  readonly requests?: number;
  /** Ends the load when it returns true. */
  readonly until?: () => boolean;
  /** Pause of a connection after each response, which leaves CPU time to the service. */
  readonly pauseMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

interface LoadResult {
  readonly sent: number;
  /** Complete responses by status. */
  readonly responses: Readonly<Record<number, number>>;
  /** Requests without a complete response, by error code. */
  readonly failed: Readonly<Record<string, number>>;
}

/** Sends GET requests on kept-alive connections, one after the other on each, without retries. */
export async function load(url: string, options: LoadOptions): Promise<LoadResult> {
  const { connections, requests = Infinity, until = () => false, pauseMs, headers = {} } = options;
  const responses: Record<number, number> = {};
  const failed: Record<string, number> = {};
  let sent = 0;
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  await Promise.all(
    Array.from({ length: connections }, async () => {
      while (sent < requests && !until()) {
        sent += 1;
        try {
          const status = await get(url, agent, headers);
          responses[status] = (responses[status] ?? 0) + 1;
        } catch (error) {
          const code = (error as NodeJS.ErrnoException).code ?? String(error);
          failed[code] = (failed[code] ?? 0) + 1;
        }
        if (pauseMs !== undefined) await sleep(pauseMs);
      }
    }),
  );
  agent.destroy();
  return { sent, responses, failed };
}

/** @returns the status of the complete response */
function get(url: string, agent: Agent, headers: Readonly<Record<string, string>>): Promise<number> {
  return new Promise((resolve, reject) => {
    const req = request(url, { agent, headers }, (res) => {
      res.on('error', reject);
      res.on('close', () => {
        if (res.complete) resolve(res.statusCode ?? 0);
        else reject(new Error('response aborted'));
      });
      res.resume();
    });
    req.on('error', reject);
    req.end();
  });
}
