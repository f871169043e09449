import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../support/program.ts';
import type { Finding } from './fault.ts';
import { send, Tally } from './traffic.ts';

/** Settings with short times, so that a database that is away is noticed soon. */
export const databaseSettings = { DATABASE_WAIT_MS: '1000', DATABASE_STATEMENT_TIMEOUT_MS: '2000' };
/** The longest wait for a connection, the longest statement, the driver's margin, and time for a busy machine. */
const MAX_RESPONSE_MS = 1_000 + 2_000 + 1_000 + 2_000;

const CONNECTIONS = 12;
/** Requests per second and connection at most: a fault lasts for seconds. */
const PAUSE_MS = 20;

/** Creates, reads and lists tasks until `stop()`, and remembers each task whose creation was acknowledged. */
export class TaskTraffic extends Tally {
  readonly acknowledged: string[] = [];
  /** Responses with 503 that do not say when to retry. */
  withoutRetryAfter = 0;
  readonly #program: Program;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  readonly #ended: Promise<unknown>;
  #stopped = false;

  constructor(program: Program) {
    super();
    this.#program = program;
    this.#ended = Promise.all(Array.from({ length: CONNECTIONS }, (_, index) => this.#repeat(index)));
  }

  get slowestMs(): number {
    return Math.round(Math.max(0, ...this.latenciesMs));
  }

  get unavailable(): number {
    return this.byStatus[503] ?? 0;
  }

  /** Whether each request got a complete response: a success, or 503 with `Retry-After`. */
  get orderly(): boolean {
    const statuses = Object.keys(this.byStatus).every((status) => ['200', '201', '503'].includes(status));
    return statuses && this.aborted + this.refused + this.withoutRetryAfter === 0;
  }

  override get summary(): string {
    return `${super.summary}; slowest response ${this.slowestMs} ms`;
  }

  /** Waits until this many more tasks have been created. @returns how long that took in milliseconds */
  async untilCreated(count: number, timeoutMs = 20_000): Promise<number> {
    const startedAt = performance.now();
    const wanted = this.acknowledged.length + count;
    while (this.acknowledged.length < wanted && performance.now() - startedAt < timeoutMs) await sleep(20);
    return Math.round(performance.now() - startedAt);
  }

  /** Stops. @returns what holds for every fault of the database, and its figure */
  async conclude(): Promise<Finding> {
    await this.stop();
    const lost = await this.countLost();
    const restarts = await countRestarts(this.#program);
    return {
      figure: `${this.summary}; ${lost} of ${this.acknowledged.length} tasks lost; ${restarts} worker restarts`,
      checks: {
        'only successes and 503 with Retry-After': this.orderly,
        'every response in time': this.slowestMs < MAX_RESPONSE_MS,
        'no acknowledged task lost': lost === 0,
        'no worker restarted': restarts === 0,
      },
    };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
    this.#agent.destroy();
  }

  /** @returns how many of the acknowledged tasks cannot be read */
  async countLost(): Promise<number> {
    let lost = 0;
    for (const id of this.acknowledged) {
      const { status } = await send({ url: `${this.#program.url}/tasks/${id}` }, this.#reader);
      if (status !== 200) lost += 1;
    }
    this.#reader.destroy();
    return lost;
  }

  readonly #reader = new Agent({ keepAlive: true, maxSockets: 1 });

  async #repeat(index: number): Promise<void> {
    for (let round = index; !this.#stopped; round += 1) {
      const response = await this.send(this.#next(round), this.#agent);
      if (response?.status === 201) this.acknowledged.push((JSON.parse(response.text) as { id: string }).id);
      if (response?.status === 503 && response.headers['retry-after'] === undefined)
        this.withoutRetryAfter += 1;
      await sleep(PAUSE_MS);
    }
  }

  #next(round: number) {
    const url = `${this.#program.url}/tasks`;
    const known = this.acknowledged.at(-1);
    if (round % 3 === 0 || known === undefined) {
      const headers = { 'Content-Type': 'application/json' };
      return { url, headers, body: JSON.stringify({ title: `task ${round}` }) };
    }
    return round % 3 === 1 ? { url: `${url}/${known}` } : { url: `${url}?limit=5` };
  }
}

/** Waits until the management port reports this readiness. @returns how long that took in milliseconds */
export async function untilReadiness(
  { managementUrl }: Program,
  ready: boolean,
  timeoutMs = 15_000,
): Promise<number> {
  const startedAt = performance.now();
  const status = ready ? 200 : 503;
  while (performance.now() - startedAt < timeoutMs) {
    if ((await send({ url: `${managementUrl}/readyz` })).status === status) break;
    await sleep(25);
  }
  return Math.round(performance.now() - startedAt);
}

/** How often workers were replaced after a failure. */
export async function countRestarts(program: Program): Promise<number> {
  return (await program.workers()).reduce((sum, { restarts }) => sum + restarts, 0);
}
