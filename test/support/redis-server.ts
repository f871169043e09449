import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { findFreePort } from './free-port.ts';

/** Whether this machine has a Redis server; npm has none to install. */
export const hasRedis = spawnSync('redis-server', ['--version']).status === 0;

/** A Redis server of a test's own, without files. */
export class RedisServer implements AsyncDisposable {
  readonly url: string;
  readonly #port: number;
  #process: ChildProcess;

  private constructor(port: number, child: ChildProcess) {
    this.#port = port;
    this.#process = child;
    this.url = `redis://127.0.0.1:${port}`;
  }

  static async start(): Promise<RedisServer> {
    const port = await findFreePort();
    return new RedisServer(port, await launch(port));
  }

  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#process.kill(signal);
  }

  /** Its counts are lost. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }

  async startAgain(): Promise<void> {
    this.#process = await launch(this.#port);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}

async function launch(port: number): Promise<ChildProcess> {
  const args = ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no'];
  const child = spawn('redis-server', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of child.stdout.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    if (String(line).includes('Ready to accept connections')) break;
  }
  child.stdout.resume();
  return child;
}
