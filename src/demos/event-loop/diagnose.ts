import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { median } from '../../shared/statistics.ts';
import { ms, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, type Lesson } from '../kit/demo.ts';
import { fetchResponse, overLoopback } from '../kit/measure/loopback.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import type { Child } from '../kit/resources/children.ts';
import { nextChildMessage, withChild } from '../kit/resources/with-child.ts';
import type { Cause, DiagnoseOrder, DiagnoseReply, ProcessFigures } from './diagnose-child.ts';

const program = new URL('./diagnose-child.ts', import.meta.url);

/**
 * A young generation of 1 MB, so that objects are promoted at once, and a small heap that `cause=gc` nearly fills; and
 * fewer pool threads than most machines have cores, so that a full pool leaves one for the event loop.
 */
const CHILD_ENV = {
  NODE_OPTIONS: '--max-semi-space-size=1 --max-old-space-size=64',
  UV_THREADPOOL_SIZE: '2',
};
const MEGABYTES = 96;

const CLIENTS = 4;
const CLIENT_PAUSE_MS = 30;
const [HEALTHY_MS, FAULTY_MS] = [500, 1_200];
const [DOWNSTREAM_MS, SLOW_DOWNSTREAM_MS] = [5, 250];

/** From here on a service is slower than it was. */
const [SLOWER_TIMES, SLOWER_BY_MS] = [2.5, 20];
/** From these shares on, one cause explains most of the latency. */
const [GC_SHARE, BUSY_SHARE, POOL_SHARE] = [0.2, 0.6, 0.4];

const causes = ['blocked', 'gc', 'pool', 'downstream', 'none'] as const;

const fingerprint = z.strictObject({
  phase: z.enum(['healthy', 'now']),
  requests: z.number(),
  latencyMs: z.number().describe('Median latency, as clients see it'),
  utilization: z.number().describe('Event loop utilization, from 0 to 1'),
  loopDelayMs: z.number().describe('How late a timer was on average'),
  gcShare: z.number().describe('Share of the time that garbage collections paused'),
  poolMs: z.number().describe('Median duration of fs.stat, which needs a pool thread'),
  cpuCores: z.number().describe('Cores that the process kept busy'),
});
type Fingerprint = z.infer<typeof fingerprint>;

const resultSchema = z.strictObject({
  requestedCause: z.enum(causes),
  diagnosis: z.enum(causes).describe('Concluded from the figures alone'),
  fingerprints: z.array(fingerprint),
});

export const diagnoseRoute = demoRoute({
  method: 'get',
  path: '/diagnose',
  title: 'Diagnose a slow service',
  summary: 'Gives a small service one fault, and finds it from the figures of its process alone.',
  teaches:
    'High latency has several causes, and few figures tell them apart: event loop utilization and delay (blocked), the share of ' +
    'garbage collection, the latency of the thread pool. If all of them are low, the process waits for something else: look ' +
    'downstream.',
  query: z.object({ cause: oneOf('The fault of the service', causes) }),
  result: resultSchema,
  examples: [
    { title: 'A blocked event loop', query: { cause: 'blocked', as: 'text' } },
    { title: 'A nearly full heap', query: { cause: 'gc', as: 'text' } },
    { title: 'A full thread pool', query: { cause: 'pool', as: 'text' } },
    { title: 'A slow dependency', query: { cause: 'downstream', as: 'text' } },
    { title: 'No fault', query: { cause: 'none', as: 'text' } },
  ],
  contrasts: [
    ...causes.map((cause) => `event-loop/diagnose?cause=${cause}`),
    'event-loop/block',
    'v8/gc',
    'thread-pool/starve',
  ],
  async run({ query: { cause }, signal, timeline, resources }) {
    const { budgets, children } = resources;
    let downstreamMs: number = DOWNSTREAM_MS;
    const answer = (res: { end(): unknown }) =>
      sleep(downstreamMs, undefined, { signal }).then(
        () => res.end(),
        () => res.end(),
      );
    const [healthy, now] = await budgets.megabytes.use(MEGABYTES, signal, () =>
      budgets.children.use(1, signal, () =>
        overLoopback(
          (_req, res) => void answer(res),
          (downstream) =>
            withChild(
              children.startNode(program, { signal, ipc: true, env: CHILD_ENV, args: [downstream] }),
              async (child) => {
                const { port } = (await nextChildMessage<DiagnoseReply>(child)) as { port: number };
                const url = `http://127.0.0.1:${port}/`;
                const without = await observe(child, 'healthy', 'none', url, timeline, signal);
                if (cause === 'downstream') downstreamMs = SLOW_DOWNSTREAM_MS;
                return [without, await observe(child, 'now', cause, url, timeline, signal)] as const;
              },
            ),
        ),
      ),
    );
    const result = { requestedCause: cause, diagnosis: diagnose(healthy, now), fingerprints: [healthy, now] };
    return { result, lesson: conclude(healthy, now) };
  },
});

/** Sends requests to the service for a while, and reads its figures. */
async function observe(
  child: Child,
  phase: Fingerprint['phase'],
  cause: Cause,
  url: string,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Fingerprint> {
  child.send({ cause } satisfies DiagnoseOrder);
  const durations: number[] = [];
  const endAt = performance.now() + (phase === 'healthy' ? HEALTHY_MS : FAULTY_MS);
  const client = async () => {
    while (performance.now() < endAt) {
      const startedAt = performance.now();
      await fetchResponse(url, { signal });
      durations.push(performance.now() - startedAt);
      await sleep(CLIENT_PAUSE_MS, undefined, { signal });
    }
  };
  await timeline.record(phase, 'clients', () => Promise.all(Array.from({ length: CLIENTS }, client)));
  const report = nextChildMessage<DiagnoseReply>(child);
  child.send('report');
  const figures = (await report) as ProcessFigures;
  return {
    phase,
    requests: durations.length,
    latencyMs: toMicroseconds(median(durations)),
    utilization: toMicroseconds(figures.eventLoopUtilization),
    loopDelayMs: toMicroseconds(figures.loopDelayMs),
    gcShare: toMicroseconds(figures.gcShare),
    poolMs: toMicroseconds(figures.poolMs),
    cpuCores: toMicroseconds(figures.cpuCores),
  };
}

/** Names the cause of a latency by the figures of the process, the most specific first. */
export function diagnose(healthy: Fingerprint, now: Fingerprint): Cause {
  const { latencyMs, utilization, gcShare, poolMs, loopDelayMs } = now;
  if (latencyMs < SLOWER_TIMES * healthy.latencyMs || latencyMs < healthy.latencyMs + SLOWER_BY_MS)
    return 'none';
  // A collection blocks the event loop as well, and its callbacks come late from the pool: hence this order.
  if (gcShare >= GC_SHARE) return 'gc';
  if (poolMs - loopDelayMs >= POOL_SHARE * latencyMs) return 'pool';
  if (utilization >= BUSY_SHARE) return 'blocked';
  return 'downstream';
}

const explanations: Readonly<Record<Cause, (now: Fingerprint) => Lesson>> = {
  none: () => ({
    headline: 'The figures show no fault: about as fast as before',
    text: 'No figure stands out.',
  }),
  gc: ({ gcShare }) => ({
    headline: `Garbage collection paused the service for ${percent(gcShare)} of the time`,
    text: 'Either the heap is nearly full or too much survives: compare heap snapshots, or raise the limit.',
  }),
  pool: ({ poolMs }) => ({
    headline: `The thread pool is full: fs.stat took ${ms(poolMs)}`,
    text: 'The event loop is not the cause. Look for crypto, zlib, DNS lookups or file access, or enlarge the pool.',
  }),
  blocked: ({ utilization, loopDelayMs }) => ({
    headline: `The event loop is blocked: ${percent(utilization)} busy, timers ${ms(loopDelayMs)} late`,
    text: 'Garbage collection and the pool do not explain it, so it is synchronous code: take a CPU profile.',
  }),
  downstream: ({ utilization }) => ({
    headline: `The process is only ${percent(utilization)} busy: it waits for something downstream`,
    text: 'Event loop, garbage collector and pool are free, so look at what the service calls: trace its requests.',
  }),
};

export function conclude(healthy: Fingerprint, now: Fingerprint): Lesson {
  const { headline, text } = explanations[diagnose(healthy, now)](now);
  return {
    headline,
    text:
      `${text} A request took ${ms(now.latencyMs)}, compared with ${ms(healthy.latencyMs)} before. ` +
      `The event loop was ${percent(now.utilization)} busy and ${ms(now.loopDelayMs)} late, collections paused it for ` +
      `${percent(now.gcShare)} of the time, and fs.stat took ${ms(now.poolMs)}.`,
  };
}
