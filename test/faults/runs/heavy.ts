/** More expensive work than a worker allows: pool tasks, threads, children. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Program } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import { readGauge } from '../gauge.ts';
import { untilGone } from '../leftovers.ts';
import { connectTo, get } from '../raw.ts';
import { send, Tally, trackPending, type CompleteResponse } from '../traffic.ts';

const MB = 1024 * 1024;

function allHaveRetryAfter(responses: readonly (CompleteResponse | undefined)[]): boolean {
  return responses.every(
    (response) => response?.status !== 503 || Number(response.headers['retry-after']) > 0,
  );
}

export const poolOverload: Fault = {
  name: 'pool-overload',
  alone: true,
  expects:
    '64 requests of 64 PBKDF2 tasks each, in children with 4 pool threads: excess requests get 503; of others at most one in ten, and none is delayed',
  async run(sandbox) {
    const program = await sandbox.start({ WORKERS: '1' });
    const heavy = new Tally();
    const url = (tasks: number) => `${program.url}/demos/thread-pool/pbkdf2?tasks=${tasks}&iterations=10000`;
    // Otherwise 64 first requests, not yet compiled, block the event loop, and shedding for that hides the pool's.
    for (let warmUp = 0; warmUp < 20; warmUp += 1) await send({ url: url(1) });
    const responses = Promise.all(Array.from({ length: 64 }, () => heavy.send({ url: url(64) })));
    const pending = trackPending(responses);
    const others = new Tally();
    while (pending()) {
      await others.send({ url: `${program.url}/faults/small` });
      await sleep(5);
    }
    const shed = heavy.byStatus[503] ?? 0;
    const served = heavy.byStatus[200] ?? 0;
    return {
      figure: `64 requests: ${served} × 200, ${shed} × 503, ${heavy.aborted} aborted, p99 ${heavy.p99Ms} ms; others: ${others.summary}, p99 ${others.p99Ms} ms`,
      checks: {
        'every request gets 200 or 503': served + shed === 64 && served > 0,
        'excess requests shed': shed > 0,
        'Retry-After on every 503': allHaveRetryAfter(await responses),
        // Starting 32 children keeps the event loop busy for a moment, in which requests are shed.
        'at most one in ten others shed, and none failed otherwise':
          others.failed === (others.byStatus[503] ?? 0) && others.failed <= others.sent / 10,
        'other requests not delayed': others.p99Ms < heavy.p99Ms / 2,
      },
    };
  },
};

export const threadOutOfMemory: Fault = {
  name: 'thread-out-of-memory',
  expects: 'thread exceeds its heap limit: 5xx for its request only; at most one worker replaced',
  async run(sandbox) {
    const program = await sandbox.start();
    const traffic = sandbox.startTraffic(program);
    await traffic.untilSent(100);
    const exhaust = (how: string) =>
      send({ url: `${program.url}/faults/hungry-thread?how=${how}`, method: 'POST' });
    const response = await exhaust('pieces');
    const type = String(response.headers['content-type']);
    await traffic.untilSent(traffic.sent + sandbox.amount(500));
    const countCrashes = () => program.lines.filter(({ event }) => event === 'crashed').length;
    const [failed, crashes] = [traffic.failed, countCrashes()];

    // One growing array ends the whole process despite the thread's limit: https://github.com/nodejs/node/issues/65019
    const array = await exhaust('array').then(
      ({ status }) => String(status),
      () => 'aborted',
    );
    await program.readyWorkers(2);
    await traffic.untilSent(traffic.sent + sandbox.amount(500));
    await traffic.stop();
    return {
      figure: `small objects: ${response.status} as ${type}, ${crashes} workers replaced, ${failed} other requests failed; one array: ${array}, ${countCrashes() - crashes} workers replaced, ${traffic.failed - failed} other requests failed; ${traffic.summary}`,
      checks: {
        'small objects: 5xx with problem details':
          response.status >= 500 && type.startsWith('application/problem+json'),
        'small objects: no worker replaced, no other failed request': crashes === 0 && failed === 0,
        'one array: at most one worker replaced': countCrashes() - crashes <= 1,
        'one array: at most one failed request per connection': traffic.failed - failed <= 20,
      },
    };
  },
};

export const threadsAndChildren: Fault = {
  name: 'threads-and-children',
  alone: true,
  expects: '200 requests for threads and children: at most 16 of each per worker, else 503; no worker lost',
  async run(sandbox) {
    const max = 2 * 16;
    // With the default heartbeat timeout: starting this many at once starves the workers of CPU.
    const program = await sandbox.start();
    const tally = new Tally();
    const baseline = sandbox.processes().length;
    const paths = ['/demos/worker-threads/cancel?afterMs=300', '/demos/child-processes/spawn?lines=10'];
    const responses = Promise.all(
      Array.from({ length: 200 }, (_, index) => tally.send({ url: `${program.url}${paths[index % 2]}` })),
    );
    const pending = trackPending(responses);
    const most = { threads: 0, children: 0, processes: 0 };
    while (pending()) {
      most.processes = Math.max(most.processes, sandbox.processes().length - baseline);
      most.threads = Math.max(most.threads, (await readGauge(program, 'demo_threads')) ?? 0);
      most.children = Math.max(most.children, (await readGauge(program, 'demo_children')) ?? 0);
      sandbox.show(`at most ${most.threads} threads, ${most.children} children`);
    }
    const lost = program.lines.filter(({ event }) => event === 'unresponsive' || event === 'crashed').length;
    const [served = 0, shed = 0] = [tally.byStatus[200], tally.byStatus[503]];
    return {
      figure: `at most ${most.threads} threads and ${most.children} children (${most.processes} processes) of 2 workers; ${served} × 200, ${shed} × 503, ${tally.aborted} aborted, ${lost} workers lost`,
      checks: {
        'threads within the limit': most.threads > 0 && most.threads <= max,
        'children within the limit': most.children > 0 && most.children <= max && most.processes <= max + 4,
        'every request gets a response': tally.aborted === 0 && tally.refused === 0,
        'no worker lost': lost === 0,
        'every request gets 200 or 503': served + shed === 200,
        'Retry-After on every 503': allHaveRetryAfter(await responses),
      },
    };
  },
};

export const stubbornChildren: Fault = {
  name: 'stubborn-children',
  expects:
    'child prints 100 MB to a slow client: bounded memory; child ignores SIGTERM: killed with its group',
  async run(sandbox) {
    const program = await sandbox.start({ WORKERS: '1' });
    const readRss = async () => (await program.workers())[0]?.report?.vitals.rssBytes ?? 0;
    await send({ url: `${program.url}/faults/printing-child?n=1` });
    await sleep(1_200); // until a heartbeat reports the memory
    const before = await readRss();
    let most = 0;
    const timer = setInterval(() => void readRss().then((now) => (most = Math.max(most, now))), 200);
    const receivedBytes = await readSlowly(program, '/faults/printing-child?n=100');
    clearInterval(timer);
    const grownMb = Math.round((most - before) / MB);

    const baseline = new Set(sandbox.processes());
    const client = new AbortController();
    const response = await fetch(`${program.url}/faults/stubborn-child`, {
      signal: client.signal,
      headers: { 'Accept-Encoding': 'identity' }, // compression would hold back the first line
    });
    await response.body?.getReader().read();
    await sleep(300);
    const group = sandbox.processes().filter((pid) => !baseline.has(pid));
    client.abort();
    const { left, tookMs } = await untilGone(sandbox, group, 5_000);
    return {
      figure: `${Math.round(receivedBytes / MB)} MB received, memory grew by ${grownMb} MB; ${left} of ${group.length} stubborn processes left after ${tookMs} ms`,
      checks: {
        'complete output received': receivedBytes > 100 * MB,
        'memory growth below 80 MB': grownMb < 80,
        'child and grandchild ran': group.length >= 2,
        'no stubborn process left': left === 0,
      },
    };
  },
};

/** Reads a response more slowly than it is written, with a pause after each megabyte. */
function readSlowly(program: Program, path: string): Promise<number> {
  return new Promise((resolve) => {
    let received = 0;
    const socket = connectTo(program);
    socket.write(get(path));
    socket.on('data', (chunk) => {
      received += chunk.length;
      if (received % MB >= chunk.length) return;
      socket.pause();
      setTimeout(() => socket.resume(), 30);
    });
    socket.on('close', () => resolve(received));
  });
}
