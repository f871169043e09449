/** Workers that die or hang. */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { until, type Program } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import { connectToWorker, send, Tally, trackPending } from '../traffic.ts';
import { WorkerClock } from '../worker-clock.ts';

/** Waits until two other workers are ready. @returns how long that took in milliseconds */
async function untilReplaced(program: Program, pid: number): Promise<number> {
  const startedAt = performance.now();
  await until(
    'two ready workers',
    async () => {
      const ready = (await program.workers()).filter(
        (worker) => worker.state === 'ready' && worker.pid !== pid,
      );
      return ready.length === 2 ? true : undefined;
    },
    30_000,
  );
  return Math.round(performance.now() - startedAt);
}

export const killedWorker: Fault = {
  name: 'worker-killed',
  expects: 'SIGKILL of a worker under load: at most its in-flight requests fail; worker replaced',
  async run(sandbox) {
    const program = await sandbox.start();
    const traffic = sandbox.startTraffic(program);
    await traffic.untilSent(sandbox.amount(1_000));
    const [victim] = await program.readyWorkers(2);
    const pid = victim?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    const tookMs = await untilReplaced(program, pid);
    await traffic.untilSent(traffic.sent + sandbox.amount(1_000));
    await traffic.stop();
    return {
      figure: `${traffic.summary}; replaced after ${tookMs} ms`,
      checks: {
        'at most one failed request per connection': traffic.failed <= 20,
        'no refused connection': traffic.refused === 0,
      },
    };
  },
};

export const uncaughtErrors: Fault = {
  name: 'uncaught-errors',
  expects:
    'uncaught exception, then unhandled rejection, under load: exit codes 80 and 81; no failed request',
  async run(sandbox) {
    const program = await sandbox.start();
    const traffic = sandbox.startTraffic(program);
    const codes: unknown[] = [];
    for (const path of ['uncaught-exception', 'unhandled-rejection']) {
      await traffic.untilSent(traffic.sent + sandbox.amount(1_000));
      const response = await send({ url: `${program.url}/faults/${path}`, method: 'POST' });
      const { pid } = JSON.parse(response.text) as { pid: number };
      sandbox.show(`${path} in worker process ${pid}`);
      const exit = await program.logged('crashed', { workerPid: pid }, 30_000);
      codes.push(exit['code']);
      await untilReplaced(program, pid);
    }
    await traffic.stop();
    return {
      figure: `${traffic.summary}; exit codes ${codes.join(', ')}`,
      checks: {
        'no failed request': traffic.failed === 0,
        'exit codes 80 and 81': codes.join() === '80,81',
      },
    };
  },
};

export const busyLoop: Fault = {
  name: 'busy-loop',
  alone: true,
  expects:
    'endless loop in a worker: killed at the heartbeat timeout; its request logged; no other failed request',
  async run(sandbox) {
    const timeoutMs = 2_000;
    const program = await sandbox.start({ HEARTBEAT_TIMEOUT_MS: String(timeoutMs) });
    const [victim] = await program.readyWorkers(2);
    const pid = victim?.pid ?? 0;
    const agent = await connectToWorker(program, pid);
    const clock = new WorkerClock(pid); // the timeout does not count time without a CPU
    const startedAt = clock.now;
    const busy = {
      url: `${program.url}/faults/busy?secret=1`,
      method: 'POST',
      headers: { 'X-Request-Id': 'the-culprit' },
    };
    const killedAt = send(busy, agent).then(
      () => Number.NaN,
      () => clock.now,
    );
    await sleep(100);
    const pending = trackPending(killedAt);
    const others = new Tally();
    const responses: Promise<unknown>[] = [];
    while (pending()) {
      // A new connection for each request, so that the other worker accepts it.
      responses.push(others.send({ url: `${program.url}/faults/small` }));
      await sleep(10);
      clock.update();
    }
    const killedAfterMs = Math.round((await killedAt) - startedAt);
    await Promise.all(responses);
    agent.destroy();
    await program.logged('unresponsive', { workerPid: pid });
    await untilReplaced(program, pid);
    const report = await program.logged('event-loop-blocked', { pid });
    const [culprit] = report['requests'] as Record<string, unknown>[];
    return {
      figure: `killed after ${killedAfterMs} ms (timeout ${timeoutMs} ms); others: ${others.summary}, p99 ${others.p99Ms} ms; logged: ${String(culprit?.['method'])} ${String(culprit?.['path'])}, request ${String(culprit?.['requestId'])}, ${String(culprit?.['ageMs'])} ms old`,
      checks: {
        'killed soon after the timeout': killedAfterMs >= timeoutMs * 0.9 && killedAfterMs < timeoutMs * 2,
        'no other failed request': others.failed === 0,
        'other requests not delayed': others.p99Ms < timeoutMs / 2,
        'log names the request':
          culprit?.['requestId'] === 'the-culprit' &&
          culprit['method'] === 'POST' &&
          culprit['route'] === '/faults/busy' &&
          Number(culprit['ageMs']) > timeoutMs / 2,
        'log has the stack': String(report['stack']).includes('spin (faults/routes/fault-routes.ts:'),
        'log does not have the query': !JSON.stringify(report).includes('secret'),
      },
    };
  },
};
