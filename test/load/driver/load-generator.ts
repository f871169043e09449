import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Sample } from '../statistics.ts';
import type { FromGenerator, LoadSpec, Tick } from './load-spec.ts';

const program = fileURLToPath(new URL('./load-generator-child.ts', import.meta.url));
/** Time beyond the length of a load, because it waits for pending responses. */
const GRACE_MS = 20_000;

/** A process that generates load. */
export class LoadGenerator implements AsyncDisposable {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  /** Starts the process and waits until it is ready. */
  static async start(): Promise<LoadGenerator> {
    const child = fork(program, {
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: ['--disable-warning=ExperimentalWarning'],
    });
    const generator = new LoadGenerator(child);
    try {
      await generator.#next('ready');
      return generator;
    } catch (error) {
      await generator[Symbol.asyncDispose]();
      throw error;
    }
  }

  /**
   * Generates a load and waits until it is complete.
   *
   * @param zero the monotonic milliseconds from which samples count their time
   */
  async run(spec: LoadSpec, zero: number, onTick?: (tick: Tick) => void): Promise<Sample[]> {
    const done = this.#next('done', spec.seconds * 1000 + GRACE_MS, onTick);
    this.#process.send(spec);
    const { sentAt, ms, status, lagMs } = (await done).samples;
    return Array.from(sentAt, (at, index) => ({
      atS: (at - zero) / 1000,
      ms: ms[index] ?? 0,
      status: status[index] ?? 0,
      lagMs: lagMs[index] ?? 0,
    }));
  }

  #next<T extends FromGenerator['type']>(
    type: T,
    timeoutMs = GRACE_MS,
    onTick?: (tick: Tick) => void,
  ): Promise<FromGenerator & { readonly type: T }> {
    return new Promise((resolve, reject) => {
      const fail = (problem: string) => settle(() => reject(new Error(`the load generator ${problem}`)));
      const onMessage = (message: FromGenerator) => {
        if (message.type === type) settle(() => resolve(message as FromGenerator & { readonly type: T }));
        else if (message.type === 'tick') onTick?.(message);
        else if (message.type === 'failed') fail(`failed: ${message.reason}`);
      };
      const onExit = () => fail('exited');
      const timer = setTimeout(() => fail(`did not finish within ${timeoutMs} ms`), timeoutMs);
      const settle = (done: () => void) => {
        clearTimeout(timer);
        this.#process.off('message', onMessage);
        this.#process.off('exit', onExit);
        done();
      };
      this.#process.on('message', onMessage);
      this.#process.on('exit', onExit);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const exited = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await exited;
  }
}
