/** What ends or harms a worker: each answers first, and then does it, so that the answer can say where to watch. */
import type { Response } from 'express';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { collectGarbage } from '../evidence/collect-garbage.ts';
import { bytes, percent } from '../evidence/words.ts';
import type { Tools } from '../work/tools.ts';

/** Long enough for the answer to be on its way. */
const AFTER_ANSWER_MS = 50;
const LEAK_BLOCK_MB = 1;

const brewing = z.strictObject({
  worker: z.strictObject({ pid: z.number() }),
  willHappen: z.string(),
  watch: z.array(z.string()),
});

const otherEnds = (name: string) =>
  ['uncaught-exception', 'unhandled-rejection', 'exit', 'kill', 'block']
    .filter((other) => other !== name)
    .map((other) => `failures/${other}`);

export const dangerRoutes = [
  demoRoute({
    method: 'post',
    path: '/uncaught-exception',
    danger: true,
    summary: 'Throws outside of any request: this worker drains, ends with its own code and is replaced.',
    teaches:
      'After an exception that nobody caught the process cannot be trusted, but what it has begun can be finished.',
    result: brewing,
    examples: [{ title: 'End a worker by an exception' }],
    contrasts: otherEnds('uncaught-exception'),
    run({ res }) {
      afterAnswer(res, () => {
        throw new Error('thrown on purpose, outside of any request');
      });
      return announce('throw outside of any request, drain, and end with exit code 80');
    },
  }),
  demoRoute({
    method: 'post',
    path: '/unhandled-rejection',
    danger: true,
    summary:
      'Rejects a promise that nobody waits for: this worker drains, ends with its own code and is replaced.',
    teaches: 'A forgotten await can end a process: let the linter find floating promises before they do.',
    result: brewing,
    examples: [{ title: 'End a worker by a rejection' }],
    contrasts: otherEnds('unhandled-rejection'),
    run({ res }) {
      afterAnswer(res, () => {
        void Promise.reject(new Error('rejected on purpose, and nobody waits'));
      });
      return announce('reject a promise that nobody waits for, drain, and end with exit code 81');
    },
  }),
  demoRoute({
    method: 'post',
    path: '/block',
    danger: true,
    summary: 'Holds the event loop: beyond the heartbeat time the primary kills this worker.',
    teaches:
      'A process that hangs cannot notice it. Only another one can, by a heartbeat that stops; SIGTERM would never be read.',
    query: z.object({
      ms: wholeNumber('How long the event loop is held', { min: 1, max: 120_000, default: 15_000 }),
    }),
    result: brewing,
    examples: [
      { title: 'Longer than the heartbeat allows' },
      { title: 'Two seconds: late, and alive', query: { ms: 2_000 } },
    ],
    contrasts: [...otherEnds('block'), 'cpu/inline'],
    run({ res, query }) {
      afterAnswer(res, () => holdEventLoop(query.ms));
      return announce(
        `answer nobody for ${query.ms} ms, and be killed where that is longer than HEARTBEAT_TIMEOUT_MS`,
        'begun requests of this worker are late, and lost where it is killed',
      );
    },
  }),
  demoRoute({
    method: 'post',
    path: '/exit',
    danger: true,
    summary: 'Calls process.exit: nothing is drained, and every request of this worker is lost.',
    teaches: 'process.exit in a service cuts whatever is under way: only the end of a drain may call it.',
    query: z.object({ code: wholeNumber('The exit code', { min: 0, max: 255, default: 1 }) }),
    result: brewing,
    examples: [{ title: 'Leave with code 7', query: { code: 7 } }],
    contrasts: otherEnds('exit'),
    run({ res, query }) {
      afterAnswer(res, () => process.exit(query.code));
      return announce(`exit at once with code ${query.code}`, 'its other requests are cut');
    },
  }),
  demoRoute({
    method: 'post',
    path: '/leak',
    danger: true,
    summary: 'Holds memory on the heap that is never given back; each call adds to it.',
    teaches:
      'A leak ends a process sooner or later. WORKER_MAX_HEAP_MB has the worker recycled before the heap is full.',
    query: z.object({ mb: wholeNumber('Megabytes to leak', { min: 1, max: 2_000, default: 64 }) }),
    result: z.strictObject({
      leakedBytes: z.number().describe('By all calls to this worker so far'),
      heapBeforeBytes: z.number(),
      heapAfterBytes: z.number().describe('After a garbage collection: what it could not free'),
      heapLimitBytes: z.number(),
      watch: z.array(z.string()),
    }),
    examples: [{ title: 'Grow by 64 MB', query: { as: 'text' } }],
    contrasts: otherEnds('leak'),
    run: createLeak(),
  }),
  demoRoute({
    method: 'post',
    path: '/kill',
    danger: true,
    summary: 'Sends this worker a signal, as an operator or the kernel would.',
    teaches:
      'SIGTERM asks, and is answered with a drain. SIGKILL asks nobody: what was under way is lost, and the worker replaced.',
    query: z.object({
      signal: oneOf('The signal', [
        'SIGKILL',
        'SIGTERM',
        'SIGINT',
        'SIGHUP',
        'SIGABRT',
        'SIGSEGV',
        'SIGSTOP',
      ]),
    }),
    result: brewing,
    examples: [{ title: 'Without warning' }, { title: 'Politely', query: { signal: 'SIGTERM' } }],
    contrasts: otherEnds('kill'),
    run({ res, query }) {
      afterAnswer(res, () => process.kill(process.pid, query.signal));
      return announce(`get ${query.signal}`, 'whether anything is drained depends on the signal');
    },
  }),
];

/** Does it outside of the request, when the answer is on its way. */
function afterAnswer(res: Response, act: () => void): void {
  res.once('finish', () => setTimeout(act, AFTER_ANSWER_MS));
}

function announce(willHappen: string, meanwhile = 'requests that it has are finished') {
  return {
    result: {
      worker: { pid: process.pid },
      willHappen,
      watch: ['curl -s localhost:3001/workers', 'the log, for event «stopping» and the exit code'],
    },
    lesson: `Process ${process.pid} will ${willHappen}; ${meanwhile}, and where it ends another worker takes its place.`,
  };
}

function holdEventLoop(forMs: number): void {
  const end = performance.now() + forMs;
  while (performance.now() < end);
}

/** What was leaked is kept for each worker: a map of its own would otherwise be the only one of all apps. */
function createLeak() {
  const leaks = new WeakMap<Tools, number[][]>();
  return function leak({ query, tools }: { readonly query: { readonly mb: number }; readonly tools: Tools }) {
    const held = leaks.get(tools) ?? [];
    leaks.set(tools, held);
    collectGarbage('major');
    const heapBeforeBytes = process.memoryUsage().heapUsed;
    for (let mb = 0; mb < query.mb; mb += LEAK_BLOCK_MB) held.push(megabyteOfHeap());
    collectGarbage('major');
    const heapAfterBytes = process.memoryUsage().heapUsed;
    const heapLimitBytes = getHeapStatistics().heap_size_limit;
    const leakedBytes = held.length * LEAK_BLOCK_MB * 1_000_000;
    return {
      result: {
        leakedBytes,
        heapBeforeBytes,
        heapAfterBytes,
        heapLimitBytes,
        watch: ['curl -s localhost:3001/workers'],
      },
      lesson:
        `The heap grew from ${bytes(heapBeforeBytes)} to ${bytes(heapAfterBytes)}, and a collection could not free it; ` +
        `that is ${percent(heapAfterBytes / heapLimitBytes)} of what this process may have before it is aborted.`,
    };
  };
}

/** Fractions are stored as eight bytes each, on the heap itself and not beside it. */
function megabyteOfHeap(): number[] {
  return new Array<number>((LEAK_BLOCK_MB * 1_000_000) / 8).fill(0.5);
}
