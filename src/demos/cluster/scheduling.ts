import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { median } from '../../shared/statistics.ts';
import { count, ms, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { isStopped } from '../kit/measure/alive.ts';
import { fetchResponse } from '../kit/measure/loopback.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import type { Child } from '../kit/resources/children.ts';
import { nextChildMessage, withChild } from '../kit/resources/with-child.ts';
import type { SchedulingReport } from './scheduling-child.ts';

const program = new URL('./scheduling-child.ts', import.meta.url);

/** Connections of each load, and how many of them are open at once. */
const loads = {
  few: { connections: 40, atOnce: 1 },
  many: { connections: 200, atOnce: 200 },
} as const;
const PAUSED = { connections: 10, timeoutMs: 400 } as const;
const STOP_WITHIN_MS = 200;

const load = z.strictObject({
  load: z.enum(['few', 'many']),
  connections: z.number(),
  atOnce: z.number(),
  perWorker: z.array(z.number()).describe('Connections that each worker served'),
  largestShare: z.number().describe('The share of the busiest worker, from 0 to 1'),
  medianMs: z.number().describe('From a connection to its response'),
});

const resultSchema = z.strictObject({
  policy: z.enum(['round-robin', 'kernel']),
  workers: z.number(),
  evenShare: z.number(),
  loads: z.array(load),
  pausedPrimary: z.strictObject({ connections: z.number(), answered: z.number() }),
});
type Result = z.infer<typeof resultSchema>;

export const scheduling = demoRoute({
  method: 'get',
  path: '/scheduling',
  title: 'Choose how a cluster distributes connections',
  summary:
    'Starts a small cluster with one of the two policies, counts what each worker serves, and pauses its primary.',
  teaches:
    'With round-robin the primary accepts each connection and hands it to the next free worker: even, but everything depends on ' +
    'the primary. With SCHED_NONE the workers accept on a shared socket: the kernel decides, often ' +
    'unevenly, and a primary that hangs or dies stops nothing.',
  query: z.object({
    policy: oneOf('cluster.schedulingPolicy', ['round-robin', 'kernel']),
    workers: wholeNumber('Workers of the small cluster', { min: 2, max: 4, default: 4 }),
  }),
  result: resultSchema,
  examples: [
    { title: "Round-robin, Node's default except on Windows", query: { policy: 'round-robin', as: 'text' } },
    { title: 'The kernel decides', query: { policy: 'kernel', as: 'text' } },
  ],
  contrasts: [
    'cluster/scheduling?policy=round-robin',
    'cluster/scheduling?policy=kernel',
    'cluster/distribution',
  ],
  async run({ query: { policy, workers }, signal, timeline, resources }) {
    const { budgets, children } = resources;
    const result = await budgets.children.use(1 + workers, signal, () =>
      withChild(
        children.startNode(program, { signal, ipc: true, args: [policy, String(workers)] }),
        async (child) => {
          const { port, pids } = await timeline.record('start', 'cluster', () =>
            nextChildMessage<SchedulingReport>(child),
          );
          const url = `http://127.0.0.1:${port}/`;
          return {
            policy,
            workers,
            evenShare: 1 / workers,
            loads: [
              await sendLoad('few', url, pids, timeline, signal),
              await sendLoad('many', url, pids, timeline, signal),
            ],
            pausedPrimary: await timeline.record('primary paused', 'clients', () =>
              whilePaused(child, url, signal),
            ),
          };
        },
      ),
    );
    return { result, lesson: conclude(result) };
  },
});

async function sendLoad(
  name: keyof typeof loads,
  url: string,
  pids: readonly number[],
  timeline: Timeline,
  signal: AbortSignal,
): Promise<z.infer<typeof load>> {
  const { connections, atOnce } = loads[name];
  const served: number[] = [];
  const durations: number[] = [];
  let started = 0;
  const client = async () => {
    while (started < connections) {
      started += 1;
      const startedAt = performance.now();
      served.push(Number((await fetchResponse(url, { signal })).body));
      durations.push(performance.now() - startedAt);
    }
  };
  await timeline.record(`${name} connections`, 'clients', () =>
    Promise.all(Array.from({ length: atOnce }, client)),
  );
  const perWorker = pids.map((pid) => served.filter((each) => each === pid).length);
  return {
    load: name,
    connections,
    atOnce,
    perWorker,
    largestShare: Math.round((1000 * Math.max(...perWorker)) / connections) / 1000,
    medianMs: toMicroseconds(median(durations)),
  };
}

/** Counts the responses while the primary is stopped by a signal. */
async function whilePaused(child: Child, url: string, signal: AbortSignal) {
  const { connections, timeoutMs } = PAUSED;
  // The process only, not its group: the workers run on.
  child.process.kill('SIGSTOP');
  const stopBy = performance.now() + STOP_WITHIN_MS;
  while (!isStopped(child.pid) && performance.now() < stopBy) await sleep(5, undefined, { signal });
  const timeout = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
  const responses = await Promise.allSettled(
    Array.from({ length: connections }, () => fetchResponse(url, { signal: timeout })),
  );
  child.process.kill('SIGCONT');
  signal.throwIfAborted();
  return { connections, answered: responses.filter(({ status }) => status === 'fulfilled').length };
}

const names = { 'round-robin': 'Round-robin', kernel: 'The kernel' } as const;

export function conclude({ policy, workers, evenShare, loads: [few, many], pausedPrimary }: Result): Lesson {
  if (few === undefined || many === undefined) {
    return { headline: 'Nothing was measured', text: 'This run measured nothing at all.' };
  }
  const { connections, answered } = pausedPrimary;
  const stopped = connections - answered;
  const effect =
    stopped === 0
      ? 'stopped none'
      : stopped === connections
        ? 'stopped all'
        : `stopped ${stopped} of ${connections}`;
  return {
    headline: `The busiest of ${workers} workers served ${percent(many.largestShare)}; a paused primary ${effect}`,
    text:
      `${names[policy]} gave the ${count(workers, 'worker')} ${few.perWorker.join(', ')} of ${few.connections} connections ` +
      `that came one at a time, and ${many.perWorker.join(', ')} of ${many.connections} at once; an even share is ` +
      `${percent(evenShare)}. A response took ${ms(few.medianMs)} at the median, one at a time. While the primary was paused, ` +
      `${answered} of ${connections} connections were answered.`,
  };
}
