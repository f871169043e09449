import { spawn } from 'node:child_process';
import { Agent, request } from 'node:http';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { availableCpus } from '../../../src/process/available-cpus.ts';
import type { Fault } from '../fault.ts';
import type { Sandbox } from '../sandbox.ts';
import { reload } from './reload.ts';

const CONNECTIONS = 60;
/** Between the two pieces of a body. */
const PAUSE_MS = 40;

const halves = ['{"name":"late",', '"size":1}'] as const;

/** Sends a body in two pieces. @returns the status; undefined without a complete response */
function post(url: string, agent: Agent): Promise<number | undefined> {
  return new Promise((resolve) => {
    const headers = { 'Content-Type': 'application/json', 'Content-Length': halves.join('').length };
    const req = request(url, { method: 'POST', headers, agent }, (res) => {
      res.resume().on('close', () => resolve(res.complete ? res.statusCode : undefined));
    });
    req.on('error', () => resolve(undefined));
    req.write(halves[0]);
    setTimeout(() => req.end(halves[1]), PAUSE_MS);
  });
}

class LateBodies {
  sent = 0;
  readonly byStatus: Record<string, number> = {};
  readonly #agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  readonly #ended: Promise<unknown>;
  #stopped = false;

  constructor(url: string) {
    this.#ended = Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        while (!this.#stopped) {
          this.sent += 1;
          const status = String(await post(url, this.#agent));
          this.byStatus[status] = (this.byStatus[status] ?? 0) + 1;
        }
      }),
    );
  }

  get failed(): number {
    return this.sent - (this.byStatus['200'] ?? 0);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#ended;
    this.#agent.destroy();
  }
}

/** @returns the failed requests without and with reloads, and the number sent */
async function measure(sandbox: Sandbox, env: Readonly<Record<string, string>>) {
  const program = await sandbox.start(env);
  // One busy process per core competes with the workers for CPU time.
  const hogs = Array.from({ length: availableCpus() }, () =>
    spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }),
  );
  try {
    const load = new LateBodies(`${program.url}/faults/json`);
    await sleep(sandbox.short ? 3_000 : 8_000);
    const steady = load.failed;
    for (let round = 0; round < (sandbox.short ? 1 : 2); round += 1) await reload(program);
    await load.stop();
    return { steady, failed: load.failed, sent: load.sent, byStatus: load.byStatus };
  } finally {
    for (const hog of hogs) hog.kill('SIGKILL');
    await program.stop(); // the next one uses the same data folder
  }
}

export const lateBodies: Fault = {
  name: 'late-bodies',
  alone: true,
  expects:
    '60 connections whose bodies arrive in two pieces, on busy cores, with reloads: load shedding refuses nothing that is served without it',
  async run(sandbox) {
    const off = await measure(sandbox, { OVERLOAD_MAX_DELAY_MS: '0' });
    const on = await measure(sandbox, {});
    const show = ({ failed, sent, byStatus }: typeof on) =>
      `${failed} of ${sent} failed (${byStatus['503'] ?? 0} × 503)`;
    return {
      figure: `shedding off: ${show(off)}; on: ${show(on)}`,
      checks: {
        'no failed request without shedding': off.failed === 0,
        'no failed request with shedding': on.failed === 0,
      },
    };
  },
};
