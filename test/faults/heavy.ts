/** Heavy work, more of it than there is room for. */
import { setTimeout as sleep } from 'node:timers/promises';
import { connect } from 'node:net';
import type { Program } from '../support/program.ts';
import type { Fault } from './fault.ts';
import { ask, Tally, watch, type Answer } from './traffic.ts';

async function gauge(program: Program, name: string): Promise<number> {
  const { text } = await ask({ url: `${program.managementUrl}/metrics` });
  return Number(new RegExp(`^${name} (\\d+)`, 'm').exec(text)?.[1] ?? 0);
}

function shedProperly(answers: readonly (Answer | undefined)[]): boolean {
  return answers.every((answer) => answer?.status !== 503 || Number(answer.headers['retry-after']) > 0);
}

export const poolTasks: Fault = {
  name: 'pool-tasks',
  expects:
    'far more pbkdf2 tasks than pool threads: a bounded queue, 503 with Retry-After for the rest; others go on',
  async run(lab) {
    const program = await lab.start({ WORKERS: '1' });
    const heavy = new Tally();
    const url = `${program.url}/demos/thread-pool/pbkdf2?tasks=64&iterations=10000`;
    const answers = Promise.all(Array.from({ length: 64 }, () => heavy.count({ url })));
    const pending = watch(answers);
    const others = new Tally();
    while (pending()) {
      await others.count({ url: `${program.url}/faults/small` });
      await sleep(5);
    }
    const done = await answers;
    const shed = heavy.byStatus[503] ?? 0;
    const served = heavy.byStatus[200] ?? 0;
    return {
      figure: `64 × 64 tasks: ${served} served, ${shed} × 503, ${heavy.reset} reset, p99 ${heavy.p99Ms} ms; others: ${others.summary}, p99 ${others.p99Ms} ms`,
      checks: {
        'all are answered': served + shed === 64 && served > 0,
        'the surplus is shed': shed > 0,
        'with Retry-After': shedProperly(done),
        'others are served': others.failed === 0,
        'and do not wait for it': others.p99Ms < heavy.p99Ms / 2,
      },
    };
  },
};

export const hungryThread: Fault = {
  name: 'thread-out-of-memory',
  expects:
    'a thread out of memory: that request gets a problem, at most one worker replaced, the others unharmed',
  async run(lab) {
    const program = await lab.start();
    const traffic = lab.load(program);
    await traffic.reach(100);
    const thread = (how: string) =>
      ask({ url: `${program.url}/faults/hungry-thread?how=${how}`, method: 'POST' });
    const answer = await thread('pieces');
    await traffic.reach(traffic.sent + lab.amount(500));
    const crashedAt = () => program.lines.filter(({ event }) => event === 'crashed').length;
    const [harmed, crashed] = [traffic.failed, crashedAt()];

    // One array that grows ends the whole process in spite of the thread's limit: nodejs/node#65019.
    const array = await thread('array').then(
      ({ status }) => String(status),
      () => 'cut',
    );
    await program.readyWorkers(2);
    await traffic.reach(traffic.sent + lab.amount(500));
    await traffic.stop();
    return {
      figure: `small pieces: ${answer.status} as ${String(answer.headers['content-type'])}, ${crashed} workers replaced, ${harmed} others failed; one array: ${array}, ${crashedAt() - crashed} replaced, ${traffic.failed - harmed} others failed; ${traffic.summary}`,
      checks: {
        'a problem':
          answer.status >= 500 &&
          String(answer.headers['content-type']).startsWith('application/problem+json'),
        'no worker replaced, the others are served': crashed === 0 && harmed === 0,
        'one array: at most one worker replaced': crashedAt() - crashed <= 1,
        'one array: lost no more than one a connection': traffic.failed - harmed <= 20,
      },
    };
  },
};

export const threadsAndChildren: Fault = {
  name: 'threads-and-children',
  expects:
    '200 requests for threads and children at once: never more alive than 16 of each a worker; none is taken for dead',
  async run(lab) {
    const bound = 16;
    // With the limit as it is: starting so much at once starves the workers, and none of them may be taken for dead.
    const program = await lab.start();
    const tally = new Tally();
    const baseline = lab.processes().length;
    const answers = Promise.all(
      Array.from({ length: 200 }, (_, index) =>
        tally.count({
          url:
            program.url +
            (index % 2 === 0
              ? '/demos/worker-threads/cancel?afterMs=300'
              : '/demos/child-processes/spawn?lines=10'),
        }),
      ),
    );
    const pending = watch(answers);
    const most = { threads: 0, children: 0, processes: 0 };
    while (pending()) {
      most.processes = Math.max(most.processes, lab.processes().length - baseline);
      most.threads = Math.max(most.threads, await gauge(program, 'demo_threads'));
      most.children = Math.max(most.children, await gauge(program, 'demo_children'));
      lab.say(`${most.threads} threads, ${most.children} children`);
    }
    const done = await answers;
    const fell = program.lines.filter(({ event }) => event === 'unresponsive' || event === 'crashed').length;
    return {
      figure: `at most ${most.threads} threads and ${most.children} children (${most.processes} processes more) in 2 workers; ${tally.byStatus[200] ?? 0} served, ${tally.byStatus[503] ?? 0} × 503, ${tally.reset} reset, ${fell} workers lost`,
      checks: {
        'threads within their bound': most.threads <= 2 * bound,
        'children within their bound': most.children <= 2 * bound && most.processes <= 2 * bound + 4,
        'all are answered': tally.reset === 0 && tally.refused === 0,
        'no worker is taken for dead': fell === 0,
        'with 200 or 503': (tally.byStatus[200] ?? 0) + (tally.byStatus[503] ?? 0) === 200,
        'and Retry-After': shedProperly(done),
      },
    };
  },
};

export const hardChildren: Fault = {
  name: 'hard-children',
  expects: 'a child that prints 100 MB: memory bounded; one that ignores SIGTERM: its process group is gone',
  async run(lab) {
    const program = await lab.start({ WORKERS: '1' });
    const rss = async () => (await program.workers())[0]?.report?.vitals.rssBytes ?? 0;
    await ask({ url: `${program.url}/faults/printing-child?n=1` });
    await sleep(1_200);
    const before = await rss();
    let most = 0;
    let received = 0;
    // A client that reads slowly: the worker has to hold the child back, for all of it does not fit anywhere.
    await new Promise<void>((resolve) => {
      const { hostname, port } = new URL(program.url);
      const socket = connect(Number(port), hostname);
      socket.write('GET /faults/printing-child?n=100 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
      socket.on('data', (chunk) => {
        received += chunk.length;
        if (received % (1024 * 1024) < chunk.length) {
          socket.pause();
          setTimeout(() => socket.resume(), 30);
        }
      });
      const watch = setInterval(() => void rss().then((now) => (most = Math.max(most, now))), 200);
      socket.on('close', () => {
        clearInterval(watch);
        resolve();
      });
    });
    const grownMb = Math.round((most - before) / 1024 / 1024);

    const baseline = new Set(lab.processes());
    const leave = new AbortController();
    const stubborn = fetch(`${program.url}/faults/stubborn-child`, {
      signal: leave.signal,
      headers: { 'Accept-Encoding': 'identity' }, // compression would keep the first line back
    });
    await (await stubborn).body?.getReader().read();
    await sleep(300);
    const group = lab.processes().filter((pid) => !baseline.has(pid));
    leave.abort();
    const leftAt = performance.now();
    let left = group.length;
    while (left > 0 && performance.now() - leftAt < 5_000) {
      await sleep(20);
      left = lab.processes().filter((pid) => group.includes(pid)).length;
    }
    const goneMs = Math.round(performance.now() - leftAt);
    return {
      figure: `${Math.round(received / 1024 / 1024)} MB printed, memory rose by ${grownMb} MB; of ${group.length} stubborn processes ${left} left after ${goneMs} ms`,
      checks: {
        'all was printed': received > 100 * 1024 * 1024,
        'memory bounded': grownMb < 80,
        'child and grandchild were there': group.length >= 2,
        'and are gone': left === 0,
      },
    };
  },
};
