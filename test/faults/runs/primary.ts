/** A primary that is killed or suspended, and one with an unresponsive worker. */
import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault } from '../fault.ts';
import { until } from '../../support/program.ts';
import { shortTimeouts, untilGone } from '../leftovers.ts';
import { startStubbornChildren } from './orphans.ts'; // template: omit
import { send, Tally, untilInFlight } from '../traffic.ts';

export const orphansOfPrimary: Fault = {
  name: 'orphans-of-primary',
  expects: 'SIGKILL of the primary, one worker in an endless loop: no process left after the timeouts',
  async run(sandbox) {
    const program = await sandbox.start(shortTimeouts);
    await startStubbornChildren(sandbox, program, 2); // template: omit
    void send({ url: `${program.url}/faults/busy`, method: 'POST' }).catch(() => undefined);
    await sleep(300);
    const others = sandbox.processes().filter((pid) => pid !== program.pid);
    program.kill('SIGKILL');
    const { left, tookMs } = await untilGone(sandbox, others, 10_000);
    return {
      figure: `${left} of ${others.length} processes left after ${tookMs} ms (timeouts of 2000 ms)`,
      checks: { 'no process left': left === 0, 'gone after the timeouts': tookMs < 6_000 },
    };
  },
};

export const failedPrimary: Fault = {
  name: 'primary-fails',
  expects:
    'uncaught exception, then unhandled rejection, in the primary under load: counted; not ready; workers drain, no request fails; exit codes 80 and 81',
  async run(sandbox) {
    appendFileSync(
      sandbox.path('src/primary/primary.ts'),
      `process.on('SIGUSR2', () => { throw new Error('thrown on purpose'); });
       process.on('SIGWINCH', () => void Promise.reject(new Error('rejected on purpose')));\n`,
    );
    const figures: string[] = [];
    const checks: Record<string, boolean> = {};
    for (const [signal, event, expected] of [
      ['SIGUSR2', 'uncaught-exception', 80],
      ['SIGWINCH', 'unhandled-rejection', 81],
    ] as const) {
      const program = await sandbox.start({ SHUTDOWN_SETTLE_MS: '1500' });
      const traffic = sandbox.startTraffic(program);
      await traffic.untilSent(sandbox.amount(2_000));
      const slow = new Tally();
      const responses = Promise.all(
        Array.from({ length: 20 }, () => slow.send({ url: `${program.url}/faults/slow?n=3000` })),
      );
      await untilInFlight(program, 20);
      program.kill(signal);
      await program.logged('primary-failed', { reason: event });
      program.kill(signal); // another error must not disturb the shutdown
      const { text, status } = await send({ url: `${program.managementUrl}/readyz` });
      const metrics = await send({ url: `${program.managementUrl}/metrics` });
      await traffic.untilSent(traffic.sent + 200);
      await traffic.stop(); // as a load balancer does within the settle window
      const { code } = await program.exited;
      await responses;
      figures.push(
        `${event}: ${traffic.failed} of ${traffic.sent} requests failed, ${slow.byStatus[200]} of 20 in flight completed, /readyz ${status}, exit code ${code}`,
      );
      checks[`${event}: no request failed in the settle window`] = traffic.failed === 0;
      checks[`${event}: every request in flight completed`] = slow.byStatus[200] === 20;
      checks[`${event}: not ready`] = status === 503 && text.includes('draining');
      checks[`${event}: counted`] = metrics.text.includes(
        'supervision_events_total{event="primary-failed"} 1',
      );
      checks[`${event}: exit code ${expected}`] = code === expected;
    }
    return { figure: figures.join(' | '), checks };
  },
};

export const suspendedPrimary: Fault = {
  name: 'suspended-primary',
  expects:
    'SIGSTOP of the primary for three times `HEARTBEAT_TIMEOUT_MS`, then SIGCONT: no worker killed; no failed request',
  async run(sandbox) {
    const program = await sandbox.start({ HEARTBEAT_TIMEOUT_MS: '1000' });
    const traffic = sandbox.startTraffic(program);
    const pids = async () => (await program.readyWorkers(2)).map(({ pid }) => pid).join();
    const before = await pids();
    program.kill('SIGSTOP');
    const completedBefore = traffic.completed;
    await sleep(3_000);
    const completed = traffic.completed - completedBefore;
    program.kill('SIGCONT');
    await sleep(3_000);
    const after = await pids();
    await traffic.stop();
    const killed = program.lines.filter(({ event }) => event === 'unresponsive').length;
    return {
      figure: `${killed} workers killed, ${completed} responses while suspended; ${traffic.summary}`,
      checks: {
        'same workers': before === after,
        'no worker killed': killed === 0,
        'no failed request': traffic.failed === 0,
        'responses on every connection while suspended': completed >= 20,
      },
    };
  },
};

export const unresponsiveWorker: Fault = {
  name: 'unresponsive-worker',
  expects:
    'SIGSTOP of a worker: management /metrics, /readyz and /workers respond; /metrics names the worker. SIGSTOP of all: /readyz 503 until SIGCONT',
  async run(sandbox) {
    const program = await sandbox.start({ HEARTBEAT_TIMEOUT_MS: '20000' });
    const [victim, other] = await program.readyWorkers(2);
    const pids = [victim?.pid ?? 0, other?.pid ?? 0];
    const suspend = (index: number) => process.kill(pids[index] ?? 0, 'SIGSTOP');
    const untilReadiness = (expected: number) =>
      until(`/readyz with ${expected}`, async () => {
        const response = await send({ url: `${program.managementUrl}/readyz` });
        return response.status === expected ? response.text : undefined;
      });
    suspend(0);
    let failing: readonly string[];
    const statuses: number[] = [];
    let slowestMs = 0;
    let named = 0;
    const rounds = 5;
    try {
      for (let round = 0; round < rounds; round += 1) {
        const responses = await Promise.all(
          ['/metrics', '/metrics', '/readyz', '/workers'].map(async (path) => {
            const startedAt = performance.now();
            const response = await send({ url: `${program.managementUrl}${path}` });
            slowestMs = Math.max(slowestMs, performance.now() - startedAt);
            return response;
          }),
        );
        statuses.push(...responses.map(({ status }) => status));
        if (responses[0]?.text.includes(`supervision_worker_silent{worker="${victim?.id}"} 1`) === true)
          named += 1;
      }
      suspend(1);
      ({ failing } = JSON.parse(await untilReadiness(503)) as { failing: string[] });
    } finally {
      for (const pid of pids) process.kill(pid, 'SIGCONT');
    }
    await untilReadiness(200);
    return {
      figure: `${statuses.filter((status) => status === 200).length} of ${statuses.length} responses with 200, slowest ${Math.round(slowestMs)} ms; worker named in ${named} of ${rounds} rounds; all suspended: not ready, ${failing.join()}`,
      checks: {
        'every response is 200': statuses.every((status) => status === 200),
        'within 4 s': slowestMs < 4_000,
        'worker named in every round': named === rounds,
        'all suspended: not ready for lack of heartbeats': failing.includes('heartbeat'),
      },
    };
  },
};
