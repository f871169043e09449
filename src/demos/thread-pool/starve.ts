import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { median } from '../../shared/statistics.ts';
import { count, ms, times } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { fillParameters, rejectLongFill, timed, whilePoolIsFull } from './full-pool.ts';
import { poolSize } from './keys.ts';

/** How many times each operation is started at once. */
const SAMPLES = 5;

const operations = {
  'file read': () => readFile(new URL(import.meta.url)),
  // Through getaddrinfo, which resolves this name without a network.
  'DNS lookup': () => lookup('localhost').catch(() => undefined),
} as const;

const row = z.strictObject({
  operation: z.string(),
  freeMs: z.number().describe('Median latency while the pool is free'),
  fullMs: z.number().describe('Median latency while keys are derived'),
  ratio: z.number().describe('fullMs divided by freeMs'),
  keysBefore: z.number().describe('Keys that were done before the operation, at the median'),
});
type Row = z.infer<typeof row>;

export const starve = demoRoute({
  method: 'get',
  path: '/starve',
  title: 'Starve the pool',
  summary:
    'Reads files and looks up DNS names while the pool is free, and while it is full of keys to derive.',
  teaches:
    'A burst of crypto or fs makes every other user of the pool wait, although the event loop is idle and the disk is fast. ' +
    'A burst of dns.lookup cannot: libuv runs lookups on about half of the threads at most.',
  query: z.object(fillParameters),
  result: z.strictObject({
    tasks: z.number(),
    poolBusyMs: z.number().describe('How long the pool had keys to derive'),
    latencies: z.array(row),
  }),
  examples: [
    { title: 'Behind sixteen keys', query: { as: 'text' } },
    { title: 'One key in a pool of four', query: { tasks: 1, as: 'text' } },
  ],
  contrasts: ['thread-pool/pbkdf2', 'thread-pool/who-uses-it', 'security/passwords'],
  async run({ query: { tasks, iterations }, signal, timeline, resources }) {
    rejectLongFill({ tasks, iterations }, resources);
    const result = await resources.budgets.poolTasks.use(tasks, signal, async () => {
      await measureAll(); // the first operations of a process are slower
      const free = await measureAll(timeline, 'pool free');
      signal.throwIfAborted();
      const end = timeline.begin(count(tasks, 'key'), 'pool');
      const { value: full, fullMs } = await whilePoolIsFull(tasks, iterations, (keysDone) =>
        measureAll(timeline, 'pool full', keysDone),
      );
      end();
      return {
        tasks,
        poolBusyMs: toMicroseconds(fullMs),
        latencies: free.map(({ operation, latencyMs }, index) => {
          const { latencyMs: fullLatencyMs, keysBefore } = full[index] ?? { latencyMs: 0, keysBefore: 0 };
          return {
            operation,
            freeMs: toMicroseconds(latencyMs),
            fullMs: toMicroseconds(fullLatencyMs),
            ratio: toMicroseconds(fullLatencyMs / latencyMs),
            keysBefore,
          };
        }),
      };
    });
    return { result, lesson: conclude(result.latencies, tasks, result.poolBusyMs, poolSize()) };
  },
});

/** Starts all samples of all operations at once. */
function measureAll(timeline?: Timeline, lane = '', keysDone?: () => number) {
  return Promise.all(
    Object.entries(operations).map(async ([operation, run]) => {
      const end = timeline?.begin(operation, lane);
      const samples = await Promise.all(Array.from({ length: SAMPLES }, () => timed(run, keysDone)));
      end?.();
      return {
        operation,
        latencyMs: median(samples.map(({ latencyMs }) => latencyMs)),
        keysBefore: median(samples.map(({ keysBefore }) => keysBefore)),
      };
    }),
  );
}

export function conclude(
  latencies: readonly Row[],
  tasks: number,
  poolBusyMs: number,
  threads: number,
): Lesson {
  const figures = latencies
    .map(({ operation, freeMs, fullMs, ratio }) => {
      const change = ratio >= 1.1 ? `, ${times(ratio)} as long` : '';
      return `A ${operation} took ${ms(fullMs)} instead of ${ms(freeMs)}${change}.`;
    })
    .join(' ');
  const starved = latencies.filter(({ keysBefore }) => keysBefore > 0);
  const [worst] = starved.toSorted((a, b) => b.ratio - a.ratio);
  const text = (verdict: string) =>
    `${count(tasks, 'key')} kept the pool busy for ${ms(poolBusyMs)}. ${figures} ${verdict}`;
  const isFull = tasks >= threads;
  const keyMs = poolBusyMs / Math.ceil(tasks / threads);
  const areLong = keyMs > Math.max(...latencies.map(({ freeMs }) => freeMs));
  if (isFull ? !areLong || worst === undefined : worst !== undefined) {
    return {
      headline: 'This run does not show whether a full pool makes others wait',
      text: text(
        isFull
          ? 'A key was no longer than such an operation: raise iterations.'
          : `${count(tasks, 'key')} cannot fill ${count(threads, 'pool thread')}: raise tasks.`,
      ),
    };
  }
  if (worst === undefined) {
    return {
      headline: `${count(tasks, 'key')} left room in the pool: nothing waited`,
      text: text('Both finished before the first key, because the pool had a free thread.'),
    };
  }
  const headline = `Behind a full pool, a ${worst.operation} took ${times(worst.ratio)} as long`;
  if (starved.length < latencies.length) {
    return { headline, text: text(`Only the ${worst.operation} waited for keys.`) };
  }
  const keysBefore = Math.min(...starved.map((each) => each.keysBefore));
  return {
    headline,
    text: text(`Both waited in the same queue and finished after at least ${keysBefore} of the keys.`),
  };
}
