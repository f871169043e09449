/** Workers that leak memory. */
import { existsSync, mkdirSync, rmdirSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { until, type Program } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import type { Sandbox } from '../sandbox.ts';
import { Tally } from '../traffic.ts';

/** Moves a program to a control group of its own with this much memory. @returns undefined if this user may not */
function limitMemory({ pid }: Program, bytes: number): AsyncDisposable | undefined {
  const [base, limit] = existsSync('/sys/fs/cgroup/cgroup.controllers')
    ? (['/sys/fs/cgroup', 'memory.max'] as const)
    : (['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'] as const);
  const group = `${base}/faults-${pid}`;
  try {
    mkdirSync(group);
    writeFileSync(`${group}/${limit}`, String(bytes));
    writeFileSync(`${group}/cgroup.procs`, String(pid));
  } catch {
    return undefined;
  }
  return {
    // Processes that have just exited may still count.
    [Symbol.asyncDispose]: () =>
      until('the end of the control group', () => {
        try {
          rmdirSync(group);
          return true;
        } catch {
          return undefined;
        }
      }).then(() => undefined),
  };
}

/** Leaks 10 MB at a time until a worker is recycled. */
async function leakBuffers(sandbox: Sandbox, program: Program) {
  const traffic = sandbox.startTraffic(program);
  const leaking = new Tally();
  const recycled = () => program.lines.find(({ event }) => event === 'recycling');
  const deadline = Date.now() + 60_000;
  while (recycled() === undefined && Date.now() < deadline) {
    await leaking.send({ url: `${program.url}/faults/buffers?n=10`, method: 'POST' });
    await sleep(200);
  }
  await program.logged('ended').catch(() => undefined);
  await traffic.stop();
  const crashed = program.lines.filter(({ event }) => event === 'crashed');
  return {
    reason: String(recycled()?.['reason']),
    failed: traffic.failed + leaking.failed,
    crashed: crashed.length,
    summary: `${leaking.sent * 10} MB leaked; recycled: ${String(recycled()?.['reason'])}; ${crashed.length} crashed${crashed.map(({ code, signal }) => ` (${String(code ?? signal)})`).join('')}; ${traffic.summary}`,
  };
}

export const bufferLeak: Fault = {
  name: 'buffer-leak',
  alone: true,
  expects:
    'leak of buffers outside of the heap, with WORKER_MAX_RSS_MB, then in a control group of 1 GB: worker recycled; heap limits follow the group; no failed request',
  async run(sandbox) {
    const program = await sandbox.start({ WORKER_MAX_RSS_MB: '300' });
    const configured = await leakBuffers(sandbox, program);
    await program.stop();
    const checks = {
      'worker recycled for its resident memory': configured.reason === 'resident memory above 300 MB',
      'no crash': configured.crashed === 0,
      'no failed request': configured.failed === 0,
    };

    const limit = 1024 * 1024 * 1024;
    const contained = sandbox.launch();
    const group = limitMemory(contained, limit);
    if (group === undefined) {
      return { figure: `${configured.summary} | skipped: this user may not create a control group`, checks };
    }
    sandbox.use(group);
    await contained.started();
    const heapLimits = (await contained.readyWorkers(2)).map(
      ({ report }) => report?.vitals.heapLimitBytes ?? 0,
    );
    const byDefault = await leakBuffers(sandbox, contained);
    const heapMb = heapLimits.map((bytes) => Math.round(bytes / 1024 / 1024));
    return {
      figure: `${configured.summary} | in 1 GB: heap limits of ${heapMb.join(' and ')} MB; ${byDefault.summary}`,
      checks: {
        ...checks,
        'in a control group: heap limits within its share': heapLimits.every((bytes) => bytes < limit / 3),
        'in a control group: worker recycled for its resident memory':
          byDefault.reason.startsWith('resident'),
        'in a control group: no crash': byDefault.crashed === 0,
        'in a control group: no failed request': byDefault.failed === 0,
      },
    };
  },
};

export const leak: Fault = {
  name: 'leak',
  expects: 'memory leak with a small heap: worker recycled before it crashes; no failed request',
  async run(sandbox) {
    const program = await sandbox.start({
      NODE_OPTIONS: '--max-old-space-size=160',
      WORKER_MAX_HEAP_MB: '90',
      WORKERS: '1',
    });
    const traffic = sandbox.startTraffic(program);
    const leaking = new Tally();
    const count = (event: string) => program.lines.filter((line) => line['event'] === event).length;
    const wanted = sandbox.short ? 1 : 2;
    const deadline = Date.now() + 60_000;
    while (count('recycling') < wanted && Date.now() < deadline) {
      await leaking.send({ url: `${program.url}/faults/leak?n=1`, method: 'POST' });
      sandbox.show(`${leaking.sent} leaks, ${count('recycling')} workers recycled`);
      await sleep(100);
    }
    await program.readyWorkers(1);
    await traffic.stop();
    return {
      figure: `${leaking.sent} leaks: ${count('recycling')} workers recycled, ${count('crashed')} crashed; ${traffic.summary}`,
      checks: {
        'worker recycled': count('recycling') >= wanted,
        'no crash': count('crashed') === 0,
        'no failed request': traffic.failed + leaking.failed === 0,
      },
    };
  },
};
