import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Sample } from '../statistics.ts';
import type { FromShooter, Order } from './order.ts';

export interface Tick {
  readonly perSecond: number;
  readonly p99: number | null;
}

/** What an order may take beyond its time: requests that were made are waited for. */
const GRACE_MS = 20_000;

/** Our side of a process that makes a load. */
export class ShooterHandle implements AsyncDisposable {
  readonly #process: ChildProcess;
  readonly #ready: Promise<void>;
  #onTick: ((tick: Tick) => void) | undefined;

  constructor() {
    this.#process = fork(fileURLToPath(new URL('./shooter.ts', import.meta.url)), {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    this.#ready = this.#next('ready').then(() => undefined);
    this.#ready.catch(() => undefined); // who shoots is told
    this.#process.on('message', (message: FromShooter) => {
      if (message.type === 'tick') this.#onTick?.(message);
    });
  }

  get ready(): Promise<void> {
    return this.#ready;
  }

  /**
   * Makes a load and waits until it is over.
   *
   * @param zero the monotonic milliseconds from which samples count their time
   */
  async shoot(order: Order, zero: number, onTick?: (tick: Tick) => void): Promise<Sample[]> {
    await this.#ready;
    this.#onTick = onTick;
    const answer = this.#next('account', order.seconds * 1000 + GRACE_MS);
    this.#process.send(order);
    const message = await answer;
    if (message.type !== 'account') throw new Error('the load gave no account');
    const { madeAt, ms, status, lagMs } = message.account;
    return Array.from(madeAt, (at, index) => ({
      atS: (at - zero) / 1000,
      ms: ms[index] ?? 0,
      status: status[index] ?? 0,
      lagMs: lagMs[index] ?? 0,
    }));
  }

  #next(type: FromShooter['type'], timeoutMs = GRACE_MS): Promise<FromShooter> {
    return new Promise((resolve, reject) => {
      const listen = (message: FromShooter) => {
        if (message.type === type) settle(() => resolve(message));
        else if (message.type === 'failed')
          settle(() => reject(new Error(`the load failed: ${message.reason}`)));
      };
      const leave = () => settle(() => reject(new Error('the process that makes the load has ended')));
      const timer = setTimeout(
        () => settle(() => reject(new Error(`the load took ${timeoutMs} ms and more`))),
        timeoutMs,
      );
      const settle = (done: () => void) => {
        clearTimeout(timer);
        this.#process.off('message', listen);
        this.#process.off('exit', leave);
        done();
      };
      this.#process.on('message', listen);
      this.#process.on('exit', leave);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await ended;
  }
}
