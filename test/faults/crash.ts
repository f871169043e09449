/** Workers that die, hang, leak or never start. */
import { appendFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { until, type Program } from '../support/program.ts';
import type { Fault } from './fault.ts';
import { ask, Tally, watch } from './traffic.ts';

/** Waits until two workers other than these are in service. @returns how long that took, in milliseconds */
async function replaced(program: Program, gone: readonly number[]): Promise<number> {
  const startedAt = performance.now();
  await until(
    'full strength',
    async () => {
      const ready = (await program.workers()).filter(
        ({ state, pid }) => state === 'ready' && !gone.includes(pid),
      );
      return ready.length === 2 ? true : undefined;
    },
    30_000,
  );
  return Math.round(performance.now() - startedAt);
}

/** The most of these log lines in any five seconds. */
function mostInFiveSeconds(lines: readonly Record<string, unknown>[]): number {
  const times = lines.map(({ time }) => Date.parse(String(time)));
  return Math.max(0, ...times.map((from) => times.filter((at) => at >= from && at < from + 5_000).length));
}

export const killedWorker: Fault = {
  name: 'worker-killed',
  expects: 'SIGKILL of a worker under load: lost at most what it had in flight; full strength again',
  async run(lab) {
    const program = await lab.start();
    const traffic = lab.load(program);
    await traffic.reach(lab.amount(1_000));
    const [victim] = await program.readyWorkers(2);
    const pid = victim?.pid ?? 0;
    process.kill(pid, 'SIGKILL');
    const tookMs = await replaced(program, [pid]);
    await traffic.reach(traffic.sent + lab.amount(1_000));
    await traffic.stop();
    return {
      figure: `${traffic.summary}; full strength after ${tookMs} ms`,
      checks: {
        'lost no more than one a connection': traffic.failed <= 20,
        'nothing was refused': traffic.refused === 0,
      },
    };
  },
};

export const uncaught: Fault = {
  name: 'uncaught',
  expects: 'an uncaught exception and an unhandled rejection under load: exit codes 80 and 81; 0 failed',
  async run(lab) {
    const program = await lab.start();
    const traffic = lab.load(program);
    const codes: unknown[] = [];
    for (const name of ['exception', 'rejection']) {
      await traffic.reach(traffic.sent + lab.amount(1_000));
      const answer = await ask({ url: `${program.url}/faults/uncaught-${name}`, method: 'POST' });
      const { pid } = JSON.parse(answer.text) as { pid: number };
      lab.say(`worker ${pid} has an uncaught ${name}`);
      const end = await program.logged('crashed', { workerPid: pid }, 30_000);
      codes.push(end['code']);
      await replaced(program, [pid]);
    }
    await traffic.stop();
    return {
      figure: `${traffic.summary}; exit codes ${codes.join(', ')}`,
      checks: {
        'no request failed': traffic.failed === 0,
        'each has its own exit code': codes.join() === '80,81',
      },
    };
  },
};

export const busyLoop: Fault = {
  name: 'busy-loop',
  expects:
    'while (true) in a worker: killed within the heartbeat limit, its requests named; the others go on',
  async run(lab) {
    const limitMs = 2_000;
    const program = await lab.start({ HEARTBEAT_TIMEOUT_MS: String(limitMs) });
    // Each on a connection of its own, so that the other worker takes it.
    const others = new Tally();
    const startedAt = performance.now();
    const busy = ask({
      url: `${program.url}/faults/busy?secret=1`,
      method: 'POST',
      headers: { 'X-Request-Id': 'the-culprit' },
    }).catch(() => performance.now());
    await sleep(100);
    const pending = watch(busy);
    const asked: Promise<unknown>[] = [];
    while (pending()) {
      asked.push(others.count({ url: `${program.url}/faults/small` }));
      await sleep(10);
    }
    const killedAfterMs = Math.round(Number(await busy) - startedAt);
    await Promise.all(asked);
    const event = await program.logged('unresponsive');
    const victim = Number(event['workerPid']);
    await replaced(program, [victim]);
    const report = await program.logged('event-loop-silent', { pid: victim });
    const [culprit] = report['requests'] as Record<string, unknown>[];
    return {
      figure: `killed after ${killedAfterMs} ms (limit ${limitMs}); others: ${others.summary}, p99 ${others.p99Ms} ms; log: ${JSON.stringify(culprit)}`,
      checks: {
        'killed soon after the limit': killedAfterMs >= limitMs * 0.9 && killedAfterMs < limitMs * 2,
        'no other request failed': others.failed === 0,
        'the others did not wait for it': others.p99Ms < limitMs / 2,
        'the log names the request':
          culprit?.['requestId'] === 'the-culprit' &&
          culprit['method'] === 'POST' &&
          culprit['route'] === '/faults/busy' &&
          Number(culprit['ageMs']) > limitMs / 2,
        'and where it hangs':
          String(report['stack']).includes('spin (test/faults/routes/fault-routes.ts:') ||
          String(report['stack']).includes('spin (faults/routes/fault-routes.ts:'),
        'and no more of it than that': !JSON.stringify(report).includes('secret'),
      },
    };
  },
};

export const brokenStart: Fault = {
  name: 'crash-loop',
  expects:
    'workers that exit at boot, from the start or suddenly: at most 10 forks in 5 s; ends non-zero and says why',
  async run(lab) {
    const program = await lab.start();
    const before = await program.readyWorkers(2);
    appendFileSync(lab.path('src/app.ts'), '\nthrow new Error("broken on purpose");\n');
    for (const { pid } of before) process.kill(pid, 'SIGKILL');
    lab.say('waiting for it to give up');
    const exit = await Promise.race([program.exited, sleep(60_000, undefined)]);
    const forks = mostInFiveSeconds(program.lines.filter(({ event }) => event === 'forked'));
    const why = program.lines.find(({ event, level }) => event === 'gave-up' && level === 'fatal');

    const never = lab.launch({ LOG_LEVEL: 'debug' });
    const failed = await never.exited;
    const neverForks = never.lines.filter(({ event }) => event === 'forked').length;
    return {
      figure: `sudden: ${forks} forks in 5 s, exit ${exit?.code}, «${String(why?.['reason']).split('\n')[0]}»; from the start: ${neverForks} fork, exit ${failed.code}`,
      checks: {
        'no fork storm': forks <= 10 && neverForks <= 2,
        'ends with 83 and says why':
          exit?.code === 83 && String(why?.['reason']).includes('broken on purpose'),
        'a start that fails ends with 70 and says why':
          failed.code === 70 && never.errors.includes('broken on purpose'),
      },
    };
  },
};

export const leak: Fault = {
  name: 'leak',
  expects: 'a leak under a small heap: recycled before it dies of it; 0 failed',
  async run(lab) {
    const program = await lab.start({
      NODE_OPTIONS: '--max-old-space-size=160',
      WORKER_MAX_HEAP_MB: '90',
      WORKERS: '1',
    });
    const traffic = lab.load(program);
    const leaking = new Tally();
    const recycled = () => program.lines.filter(({ event }) => event === 'recycling').length;
    const wanted = lab.short ? 1 : 2;
    const deadline = Date.now() + 60_000;
    while (recycled() < wanted && Date.now() < deadline) {
      await leaking.count({ url: `${program.url}/faults/leak?n=1`, method: 'POST' });
      lab.say(`${leaking.sent} leaks, ${recycled()} recycled`);
      await sleep(100);
    }
    await program.readyWorkers(1);
    await traffic.stop();
    const crashed = program.lines.filter(({ event }) => event === 'crashed').length;
    return {
      figure: `${recycled()} recycled, ${crashed} crashed after ${leaking.sent} leaks; ${traffic.summary}`,
      checks: {
        recycled: recycled() >= wanted,
        'none crashed': crashed === 0,
        'no request failed': traffic.failed + leaking.failed === 0,
      },
    };
  },
};

export const startTimeout: Fault = {
  name: 'start-timeout',
  expects:
    'a worker that never becomes ready: ends within WORKER_START_TIMEOUT_MS, non-zero, with the reason',
  async run(lab) {
    appendFileSync(
      lab.path('src/app.ts'),
      '\nawait new Promise((resolve) => setTimeout(resolve, 60_000));\n',
    );
    const startedAt = performance.now();
    const program = lab.launch({ WORKER_START_TIMEOUT_MS: '2000' });
    const exit = await program.exited;
    const tookMs = Math.round(performance.now() - startedAt);
    return {
      figure: `exit ${exit.code} after ${tookMs} ms, «${program.errors.trim()}»`,
      checks: {
        'exit code 70': exit.code === 70,
        'says why': program.errors.includes('not ready within 2000 ms'),
        'in time': tookMs < 10_000,
      },
    };
  },
};
