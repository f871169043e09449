import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../../support/program.ts';
import type { Fault, Finding } from '../fault.ts';
import type { Sandbox } from '../sandbox.ts';
import { reload } from './reload.ts';

/** Each request blocks the event loop that long, in milliseconds of CPU time. */
const WORK_MS = 40;

/** Load shedding is off: its 503s would be failed requests. */
const environment = { OVERLOAD_MAX_DELAY_MS: '0', SHUTDOWN_TIMEOUT_MS: '20000' };

type Drain = (program: Program, sandbox: Sandbox) => Promise<void>;

async function reloads(program: Program, { short }: Sandbox): Promise<void> {
  for (let round = 0; round < (short ? 1 : 3); round += 1) {
    await reload(program);
    await sleep(500);
  }
}

async function recycling(program: Program): Promise<void> {
  await program.logged('recycling', {}, 60_000);
  await program.logged('ended', {}, 60_000);
}

async function measureDrains(
  sandbox: Sandbox,
  what: string,
  drain: Drain,
  env: Readonly<Record<string, string>> = {},
): Promise<Finding> {
  sandbox.show(what);
  const program = await sandbox.start({ ...environment, ...env });
  const traffic = sandbox.startTraffic(program, [
    { url: `${program.url}/faults/work?n=${WORK_MS}` },
    { url: `${program.url}/faults/work?n=${WORK_MS / 2}` },
    { url: `${program.url}/faults/body`, body: Buffer.alloc(16_384, 'x') },
    ...(env['WORKER_MAX_HEAP_MB'] === undefined
      ? []
      : [{ url: `${program.url}/faults/leak?n=1`, method: 'POST' }]),
  ]);
  await traffic.untilSent(100);
  await drain(program, sandbox);
  await traffic.untilSent(traffic.sent + 50);
  await traffic.stop();
  await program.stop(); // the next one uses the same data folder
  return {
    figure: `${what}: ${traffic.summary}`,
    checks: { [`${what}: no failed request`]: traffic.failed === 0 },
  };
}

/**
 * Clients connect again until they are refused. The kernel completes handshakes until the listener closes: those
 * connections were never accepted, and their requests are not in the log.
 */
async function measureShutdown(sandbox: Sandbox): Promise<Finding> {
  sandbox.show('SIGTERM');
  const program = await sandbox.start(environment);
  const traffic = sandbox.startTraffic(program, [{ url: `${program.url}/faults/work?n=${WORK_MS}` }]);
  await traffic.untilSent(100);
  program.kill('SIGTERM');
  const { code } = await program.exited;
  await traffic.stop();
  const accepted = program.lines.filter(({ event, path }) => event === 'request' && path === '/faults/work');
  return {
    figure: `SIGTERM: ${accepted.length} accepted, ${traffic.completed} completed, ${traffic.abortedReused} lost on connections in use, ${traffic.aborted} not accepted; exit code ${code}`,
    checks: {
      'SIGTERM: every accepted request completed': accepted.length === traffic.completed,
      'SIGTERM: no request lost on a connection in use': traffic.abortedReused === 0,
      'SIGTERM: exit code 0': code === 0,
    },
  };
}

export const busyDrain: Fault = {
  name: 'busy-drain',
  alone: true,
  expects:
    'reloads, recycling and SIGTERM while each request blocks the event loop for 40 ms: no request lost on 20 connections',
  async run(sandbox) {
    const findings = [
      await measureDrains(sandbox, 'reloads', reloads),
      await measureDrains(sandbox, 'recycling', recycling, {
        NODE_OPTIONS: '--max-old-space-size=160',
        WORKER_MAX_HEAP_MB: '90',
      }),
      await measureShutdown(sandbox),
    ];
    return {
      figure: findings.map(({ figure }) => figure).join('; '),
      checks: Object.assign({}, ...findings.map(({ checks }) => checks)) as Finding['checks'],
    };
  },
};
