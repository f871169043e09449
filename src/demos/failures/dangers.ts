/** What ends or harms a worker: each answers first, and then does it, so that the answer can say where to watch. */
import type { Response } from 'express';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import { z } from 'zod';
import type { FeatureDependencies } from '../../http/feature.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall } from '../demo.ts';
import { collectGarbage } from '../evidence/collect-garbage.ts';
import { bytes, ms, percent } from '../evidence/words.ts';
import { findManagement } from '../work/management.ts';
import type { Tools } from '../work/tools.ts';
import { oncePerService } from '../work/once-per-service.ts';

/** Long enough for the answer to be on its way. */
const AFTER_ANSWER_MS = 50;
const LEAK_BLOCK_MB = 1;

const brewing = z.strictObject({
  worker: z.strictObject({ pid: z.number() }),
  willHappen: z.string(),
  watch: z.array(z.string()),
});

type Dependencies = Pick<FeatureDependencies, 'clustered' | 'config'>;

/** How it goes on after what is done here. */
interface Course {
  readonly course: string;
  /** Whether the process ends by it. */
  readonly ends: boolean;
  /** Where it is seen, with a primary and without one. */
  readonly seenIn: { readonly cluster: readonly string[]; readonly alone: readonly string[] };
}

const signals = ['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGABRT', 'SIGSEGV', 'SIGSTOP'] as const;

/** What each of them does to a process of this service. */
const courses: Readonly<
  Record<(typeof signals)[number], (name: string, dependencies: Dependencies) => Course>
> = {
  SIGKILL: (name) => isCut(`signal ${name}`),
  SIGTERM: drainsInPeace,
  SIGINT: drainsInPeace,
  SIGHUP: () => ({
    course: 'it goes on as before, for only a primary reloads',
    ends: false,
    seenIn: { cluster: [], alone: [] },
  }),
  SIGABRT: (name) => isCut(`signal ${name}`),
  SIGSEGV: (name) => isCut(`signal ${name}`),
  SIGSTOP: (_name, dependencies) =>
    fallsSilent(Infinity, 'it stands still, with all its requests, until it is sent SIGCONT', dependencies),
};

const otherEnds = (name: string) =>
  ['uncaught-exception', 'unhandled-rejection', 'exit', 'kill', 'block']
    .filter((other) => other !== name)
    .map((other) => `failures/${other}`);

export const dangerRoutes = [
  demoRoute({
    method: 'post',
    path: '/uncaught-exception',
    danger: true,
    summary:
      'Throws outside of any request: this worker drains, ends with its own code, and the primary replaces it.',
    teaches:
      'After an exception that nobody caught the process cannot be trusted, but what it has begun can be finished.',
    result: brewing,
    examples: [{ title: 'End a worker by an exception' }],
    contrasts: otherEnds('uncaught-exception'),
    run: (call) =>
      announce(call, { willDo: 'throw outside of any request', ...drains('uncaught-exception', 80) }, () => {
        throw new Error('thrown on purpose, outside of any request');
      }),
  }),
  demoRoute({
    method: 'post',
    path: '/unhandled-rejection',
    danger: true,
    summary:
      'Rejects a promise that nobody waits for: this worker drains, ends with its own code, and the primary replaces it.',
    teaches: 'A forgotten await can end a process: let the linter find floating promises before they do.',
    result: brewing,
    examples: [{ title: 'End a worker by a rejection' }],
    contrasts: otherEnds('unhandled-rejection'),
    run: (call) =>
      announce(
        call,
        {
          willDo: 'reject a promise that nobody waits for',
          ...drains('unhandled-rejection', 81),
        },
        () => {
          void Promise.reject(new Error('rejected on purpose, and nobody waits'));
        },
      ),
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
    run(call) {
      const { query, tools } = call;
      const willDo = `hold its event loop for ${ms(query.ms)} and answer nobody meanwhile`;
      const course = fallsSilent(query.ms, 'its requests are late, and then it goes on', tools.dependencies);
      return announce(call, { willDo, ...course }, () => holdEventLoop(query.ms));
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
    run(call) {
      const { code } = call.query;
      return announce(call, { willDo: 'exit at once', ...isCut(`code ${code}`) }, () => process.exit(code));
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
    run: leak,
  }),
  demoRoute({
    method: 'post',
    path: '/kill',
    danger: true,
    summary: 'Sends this worker a signal, as an operator or the kernel would.',
    teaches:
      'SIGTERM asks, and is answered with a drain. SIGKILL asks nobody: what was under way is lost, and it is the primary ' +
      'that starts another worker.',
    query: z.object({ signal: oneOf('The signal', signals) }),
    result: brewing,
    examples: [{ title: 'Without warning' }, { title: 'Politely', query: { signal: 'SIGTERM' } }],
    contrasts: otherEnds('kill'),
    run(call) {
      const { signal: name } = call.query;
      const course = courses[name](name, call.tools.dependencies);
      return announce(call, { willDo: `get ${name}`, ...course }, () => process.kill(process.pid, name));
    },
  }),
];

/** Says what will happen and where to watch it, and has it happen afterwards. */
async function announce(
  { res, tools, signal }: Pick<DemoCall<never, never, never>, 'res' | 'tools' | 'signal'>,
  { willDo, course, ends, seenIn }: Course & { readonly willDo: string },
  act: () => void,
) {
  const { clustered } = tools.dependencies;
  const watch = [...(await watchWorkers(tools, signal)), ...(clustered ? seenIn.cluster : seenIn.alone)];
  afterAnswer(res, act);
  const next = clustered
    ? '; the primary puts another worker in its place'
    : '; there is no cluster, so nobody takes its place: the service is gone until it is started again';
  return {
    result: { worker: { pid: process.pid }, willHappen: `${willDo}: ${course}`, watch },
    lesson: `Process ${process.pid} will ${willDo}: ${course}${ends ? next : ''}.`,
  };
}

/** The line that shows all workers; none where there is no management port. */
async function watchWorkers(tools: Tools, signal: AbortSignal): Promise<string[]> {
  const management = await findManagement(tools, signal);
  return management === undefined ? [] : [`curl -s ${management}/workers`];
}

/** Does it outside of the request, when the answer is on its way. */
function afterAnswer(res: Response, act: () => void): void {
  res.once('finish', () => setTimeout(act, AFTER_ANSWER_MS));
}

/** After an error that nobody handled. */
function drains(reason: string, exitCode: number): Course {
  return {
    course: `it finishes the requests that it has and ends with exit code ${exitCode}`,
    ends: true,
    seenIn: {
      cluster: [
        `the log, for event «stopping» with reason ${reason}, and event «crashed» with code ${exitCode}`,
      ],
      alone: [`the log, for event «stopping» with reason ${reason} and exitCode ${exitCode}`],
    },
  };
}

/** As a stop that was asked for. */
function drainsInPeace(name: string): Course {
  return {
    ...drains(name, 0),
    seenIn: {
      cluster: ['the log, for events «recycling», «stopping» and «ended» with code 0'],
      alone: [`the log, for event «stopping» with reason ${name}`],
    },
  };
}

/** The process has no time to say anything: only its parent, which waits for it, knows of its end. */
function isCut(cause: string): Course {
  return {
    course: 'nothing is drained, and its other requests are cut',
    ends: true,
    seenIn: {
      cluster: [`the log, for event «crashed» with ${cause}`],
      alone: [`whoever started this process, and is told ${cause}; the log has no line of it`],
    },
  };
}

/** That an event loop stands still only the primary finds out. */
function fallsSilent(forMs: number, otherwise: string, { clustered, config }: Dependencies): Course {
  const { HEARTBEAT_TIMEOUT_MS: timeoutMs } = config;
  if (!clustered || forMs <= timeoutMs) {
    return { course: otherwise, ends: false, seenIn: { cluster: [], alone: [] } };
  }
  return {
    course: `after ${ms(timeoutMs)} without a heartbeat (HEARTBEAT_TIMEOUT_MS) the primary kills it, and its requests are cut`,
    ends: true,
    seenIn: { cluster: ['the log, for events «unresponsive» and «crashed» with signal SIGKILL'], alone: [] },
  };
}

function holdEventLoop(forMs: number): void {
  const end = performance.now() + forMs;
  while (performance.now() < end);
}

const leakedOf = oncePerService((): number[][] => []);

async function leak({ query, tools, signal }: DemoCall<undefined, { readonly mb: number }, undefined>) {
  const watch = await watchWorkers(tools, signal);
  const held = leakedOf(tools);
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
      watch,
    },
    lesson:
      `The heap grew from ${bytes(heapBeforeBytes)} to ${bytes(heapAfterBytes)}, and a collection could not free it; ` +
      `that is ${percent(heapAfterBytes / heapLimitBytes)} of what this process may have before it is aborted.`,
  };
}

/** Fractions are stored as eight bytes each, on the heap itself and not beside it. */
function megabyteOfHeap(): number[] {
  return new Array<number>((LEAK_BLOCK_MB * 1_000_000) / 8).fill(0.5);
}
