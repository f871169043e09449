import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { canPin } from './contestant.ts';
import type { LoadOrder, LoadReport, StreamOrder, StreamReport } from './loader.ts';

/** Sends orders to the process that makes the load. */
export class Load implements AsyncDisposable {
  readonly #process: ChildProcess;

  /** @param cpus the cores it may use, where the platform can pin */
  constructor(cpus: string) {
    const file = fileURLToPath(new URL('./loader.ts', import.meta.url));
    const [executable, ...args] = [...(canPin ? ['taskset', '-c', cpus] : []), process.execPath, file];
    this.#process = spawn(executable, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  }

  async shoot(order: LoadOrder): Promise<LoadReport> {
    return (await this.#order(order)) as LoadReport;
  }

  async stream(order: StreamOrder): Promise<StreamReport> {
    return (await this.#order(order)) as StreamReport;
  }

  async #order(order: LoadOrder | StreamOrder): Promise<unknown> {
    this.#process.send(order);
    const [report] = (await once(this.#process, 'message')) as [unknown];
    return report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.disconnect();
    await once(this.#process, 'exit');
  }
}
