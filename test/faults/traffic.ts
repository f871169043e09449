import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

/** One request of a load. */
export interface Shot {
  readonly url: string;
  /** Makes it a POST. */
  readonly body?: Buffer | string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Requests and what became of them: each is counted once. */
export class Tally {
  sent = 0;
  answered = 0;
  /** No connection could be made. */
  refused = 0;
  /** Cut before the whole answer was there. */
  reset = 0;
  readonly byStatus: Record<number, number> = {};
  readonly errors: Record<string, number> = {};
  readonly latenciesMs: number[] = [];

  /** Whatever was not a whole answer below 500. */
  get failed(): number {
    const bad = Object.entries(this.byStatus).filter(([status]) => Number(status) >= 500);
    return this.refused + this.reset + bad.reduce((sum, [, count]) => sum + count, 0);
  }

  get p99Ms(): number {
    const sorted = this.latenciesMs.toSorted((a, b) => a - b);
    return Math.round(sorted[Math.floor(sorted.length * 0.99)] ?? 0);
  }

  /** In a few words. */
  get summary(): string {
    const rest = Object.entries(this.errors).map(([code, count]) => `${count} ${code}`);
    const shed = Object.entries(this.byStatus).filter(([status]) => Number(status) >= 300);
    return [
      `${this.failed} failed of ${this.sent}`,
      ...shed.map(([status, count]) => `${count} × ${status}`),
      ...rest,
    ].join(', ');
  }

  async count(shot: Shot, agent?: Agent): Promise<Answer | undefined> {
    this.sent += 1;
    const startedAt = performance.now();
    try {
      const answer = await ask(shot, agent);
      this.answered += 1;
      this.byStatus[answer.status] = (this.byStatus[answer.status] ?? 0) + 1;
      this.latenciesMs.push(performance.now() - startedAt);
      return answer;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error);
      this.errors[code] = (this.errors[code] ?? 0) + 1;
      if (code === 'ECONNREFUSED') this.refused += 1;
      else this.reset += 1;
      return undefined;
    }
  }
}

/** A closed load: so many kept-alive connections, each one request after the other, until it is stopped. */
export class Traffic extends Tally {
  readonly #agent: Agent;
  readonly #ended: Promise<unknown>;
  #stopped = false;

  constructor(connections: number, shots: readonly Shot[]) {
    super();
    this.#agent = new Agent({ keepAlive: true, maxSockets: connections });
    this.#ended = Promise.all(
      Array.from({ length: connections }, async (_, connection) => {
        for (let round = connection; !this.#stopped; round += 1) {
          const shot = shots[round % shots.length];
          if (shot !== undefined && (await this.count(shot, this.#agent)) === undefined) await sleep(10);
        }
      }),
    );
  }

  /** Waits until so many were sent. */
  async reach(sent: number): Promise<void> {
    while (this.sent < sent && !this.#stopped) await sleep(20);
  }

  /** Waits for the answers that are under way; those that never come are reset. */
  async stop(): Promise<this> {
    this.#stopped = true;
    await Promise.race([this.#ended, sleep(5_000, undefined, { ref: false })]);
    this.#agent.destroy();
    await this.#ended;
    return this;
  }
}

/** @throws where there is no whole answer */
export function ask(shot: Shot, agent?: Agent): Promise<Answer> {
  const { url, body, headers = {}, method = body === undefined ? 'GET' : 'POST' } = shot;
  return new Promise((resolve, reject) => {
    const options = {
      method,
      headers: { ...(body === undefined ? {} : { 'Content-Type': 'application/octet-stream' }), ...headers },
    };
    const req = request(
      url,
      agent === undefined ? { ...options, agent: false } : { ...options, agent },
      (res) => {
        let text = '';
        res.setEncoding('utf8').on('data', (part: string) => (text += part));
        res.on('error', reject);
        res.on('close', () => {
          if (res.complete) resolve({ status: res.statusCode ?? 0, headers: res.headers, text });
          else reject(new Error('cut'));
        });
      },
    );
    req.on('error', reject);
    req.end(body);
  });
}

/** @returns a function that says whether it is still pending */
export function watch(promise: Promise<unknown>): () => boolean {
  let pending = true;
  void promise.then(() => (pending = false));
  return () => pending;
}
