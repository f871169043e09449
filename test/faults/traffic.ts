import { Agent, request as startRequest, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { until, type Program } from '../support/program.ts';
import { readGauge } from './gauge.ts';

export interface RequestSpec {
  readonly url: string;
  /** Makes it a POST. */
  readonly body?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

export interface CompleteResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Sends requests and counts each outcome once. */
export class Tally {
  sent = 0;
  /** Complete responses of any status. */
  completed = 0;
  /** Requests without a connection. */
  refused = 0;
  /** Connections that closed before the response was complete. */
  aborted = 0;
  /** Those of them that had served other requests before. */
  abortedReused = 0;
  readonly byStatus: Record<number, number> = {};
  readonly errors: Record<string, number> = {};
  readonly latenciesMs: number[] = [];

  /** All but complete responses below 500. */
  get failed(): number {
    const bad = Object.entries(this.byStatus).filter(([status]) => Number(status) >= 500);
    return this.refused + this.aborted + bad.reduce((sum, [, count]) => sum + count, 0);
  }

  get p99Ms(): number {
    const sorted = this.latenciesMs.toSorted((a, b) => a - b);
    return Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0);
  }

  get summary(): string {
    const statuses = Object.entries(this.byStatus).filter(([status]) => Number(status) >= 300);
    return [
      `${this.failed} of ${this.sent} requests failed`,
      ...statuses.map(([status, count]) => `${count} × ${status}`),
      ...Object.entries(this.errors).map(([code, count]) => `${count} × ${code}`),
    ].join(', ');
  }

  /** @returns undefined if there is no complete response */
  async send(request: RequestSpec, agent?: Agent): Promise<CompleteResponse | undefined> {
    this.sent += 1;
    const startedAt = performance.now();
    try {
      const response = await send(request, agent);
      this.completed += 1;
      this.byStatus[response.status] = (this.byStatus[response.status] ?? 0) + 1;
      this.latenciesMs.push(performance.now() - startedAt);
      return response;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      this.errors[code] = (this.errors[code] ?? 0) + 1;
      if (code === 'ECONNREFUSED') this.refused += 1;
      else this.aborted += 1;
      if ((error as { reused?: boolean }).reused === true) this.abortedReused += 1;
      return undefined;
    }
  }
}

/** A closed load: each kept-alive connection sends one request after another until `stop()`. */
export class Traffic extends Tally {
  readonly #agent: Agent;
  readonly #ended: Promise<unknown>;
  #stopped = false;

  constructor(connections: number, requests: readonly RequestSpec[]) {
    super();
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.#ended = Promise.all(
      Array.from({ length: connections }, async (_, connection) => {
        for (let round = connection; !this.#stopped; round += 1) {
          const request = requests[round % requests.length];
          if (request !== undefined && (await this.send(request, this.#agent)) === undefined) await sleep(10);
        }
      }),
    );
  }

  /** Waits until this many requests have been sent since the start. */
  async untilSent(count: number): Promise<void> {
    while (this.sent < count && !this.#stopped) await sleep(20);
  }

  /** Waits for the responses in flight and aborts those that take longer than 5 s. */
  async stop(): Promise<this> {
    this.#stopped = true;
    await Promise.race([this.#ended, sleep(5_000, undefined, { ref: false })]);
    this.#agent.destroy();
    await this.#ended;
    return this;
  }
}

/** @throws if there is no complete response */
export function send(request: RequestSpec, agent?: Agent): Promise<CompleteResponse> {
  const { url, body, headers = {}, method = body === undefined ? 'GET' : 'POST' } = request;
  const type = body === undefined ? {} : { 'Content-Type': 'application/octet-stream' };
  return new Promise((resolve, reject) => {
    const req = startRequest(
      url,
      { method, headers: { ...type, ...headers }, agent: agent ?? false },
      (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (part: string) => (text += part));
        res.on('error', fail);
        res.on('close', () => {
          if (res.complete) resolve({ status: res.statusCode ?? 0, headers: res.headers, text });
          else fail(new Error('incomplete response'));
        });
      },
    );
    const fail = (error: Error) => reject(Object.assign(error, { reused: req.reusedSocket }));
    req.on('error', fail);
    req.end(body);
  });
}

/** @returns an agent with a connection that this worker has accepted */
export async function connectToWorker(program: Program, pid: number): Promise<Agent> {
  for (;;) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const { text } = await send({ url: `${program.url}/faults/small` }, agent);
    if ((JSON.parse(text) as { pid: number }).pid === pid) return agent;
    agent.destroy();
  }
}

/** @returns a function that returns whether the promise is still pending */
export function trackPending(promise: Promise<unknown>): () => boolean {
  let pending = true;
  void promise.then(() => (pending = false));
  return () => pending;
}

/** Waits until the service handles this many requests at once. */
export async function untilInFlight(program: Program, count: number): Promise<void> {
  await until(`${count} requests in flight`, async () =>
    ((await readGauge(program, 'http_requests_in_flight')) ?? 0) >= count ? true : undefined,
  );
}
