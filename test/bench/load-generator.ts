import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { canPin } from './contestant.ts';
import type { RequestsResult, RequestsSpec, StreamResult, StreamSpec } from './load-generator-child.ts';

const program = fileURLToPath(new URL('./load-generator-child.ts', import.meta.url));

/** A process that generates load. */
export class LoadGenerator implements AsyncDisposable {
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#process = child;
  }

  /** @param cpus the CPUs that it may use, on platforms with CPU affinity */
  static start(cpus: string): LoadGenerator {
    const [executable, ...args] = [...(canPin ? ['taskset', '-c', cpus] : []), process.execPath, program];
    return new LoadGenerator(spawn(executable, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] }));
  }

  async sendRequests(spec: RequestsSpec): Promise<RequestsResult> {
    return (await this.#run(spec)) as RequestsResult;
  }

  async transfer(spec: StreamSpec): Promise<StreamResult> {
    return (await this.#run(spec)) as StreamResult;
  }

  async #run(spec: RequestsSpec | StreamSpec): Promise<unknown> {
    this.#process.send(spec);
    const [result] = (await once(this.#process, 'message')) as [unknown];
    return result;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#process.disconnect();
    await once(this.#process, 'exit');
  }
}
