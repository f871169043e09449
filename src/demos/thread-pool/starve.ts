import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { count, ms, times } from '../evidence/words.ts';
import { median, timed, whilePoolIsFull } from './full-pool.ts';

/** How often each is done at once. */
const SAMPLES = 5;

const operations = {
  'file read': () => readFile(new URL(import.meta.url)),
  // By way of getaddrinfo, which knows this name without any network.
  'DNS look-up': () => lookup('localhost').catch(() => undefined),
} as const;

const row = z.strictObject({
  operation: z.string(),
  freeMs: z.number().describe('Median latency while the pool is free'),
  fullMs: z.number().describe('Median latency while keys are derived'),
  ratio: z.number(),
  keysBefore: z.number().describe('Keys that were done when it was answered, at the median'),
});
type Row = z.infer<typeof row>;

export const starve = demoRoute({
  method: 'get',
  path: '/starve',
  summary: 'File reads and DNS look-ups while the pool is free, and while it is full of keys to derive.',
  teaches:
    'fs, dns.lookup and crypto share one queue for a few threads: a burst of one makes all others wait, though the event ' +
    'loop is idle and the disk is fast.',
  query: z.object({
    tasks: wholeNumber('Keys to derive meanwhile; fewer than pool threads leave room', {
      min: 1,
      max: 64,
      default: 16,
    }),
    iterations: wholeNumber('Rounds of each derivation', { min: 1_000, max: 200_000, default: 80_000 }),
  }),
  result: z.strictObject({
    tasks: z.number(),
    poolBusyMs: z.number().describe('How long there were keys to derive'),
    latencies: z.array(row),
  }),
  examples: [
    { title: 'Behind sixteen keys', query: { as: 'text' } },
    { title: 'One key leaves room in a pool of four', query: { tasks: 1, as: 'text' } },
  ],
  contrasts: ['thread-pool/pbkdf2', 'thread-pool/who-uses-it', 'security/passwords'],
  async run({ query: { tasks, iterations }, signal, timeline, tools }) {
    const result = await tools.budgets.poolTasks.use(tasks, signal, async () => {
      await tryAll(); // the first of a process are slower
      const free = await tryAll(timeline, 'pool free');
      signal.throwIfAborted();
      const end = timeline.begin(count(tasks, 'key'), 'pool');
      const { value: full, fullMs } = await whilePoolIsFull(tasks, iterations, (keysDone) =>
        tryAll(timeline, 'pool full', keysDone),
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
    return { result, lesson: conclude(result.latencies, tasks, result.poolBusyMs) };
  },
});

/** Does each operation some times, all at once. */
function tryAll(timeline?: Timeline, lane = '', keysDone?: () => number) {
  return Promise.all(
    Object.entries(operations).map(async ([operation, run]) => {
      const end = timeline?.begin(operation, lane);
      const answered = await Promise.all(Array.from({ length: SAMPLES }, () => timed(run, keysDone)));
      end?.();
      return {
        operation,
        latencyMs: median(answered.map(({ latencyMs }) => latencyMs)),
        keysBefore: median(answered.map(({ keysBefore }) => keysBefore)),
      };
    }),
  );
}

function conclude(latencies: readonly Row[], tasks: number, poolBusyMs: number): string {
  const figures = latencies
    .map(({ operation, freeMs, fullMs, ratio }) => {
      const change = ratio >= 1.1 ? `, ${times(ratio)} as long` : '';
      return `a ${operation} took ${ms(fullMs)} instead of ${ms(freeMs)}${change}`;
    })
    .join('; ');
  const starved = latencies.filter(({ keysBefore }) => keysBefore > 0);
  const verdict =
    starved.length === latencies.length
      ? `they waited in the same queue, and were answered after ${Math.min(...starved.map(({ keysBefore }) => keysBefore))} of the keys or more`
      : starved.length === 0
        ? 'they were answered before the first key was done, for the pool had room'
        : `only the ${starved.map(({ operation }) => operation).join(', ')} waited for the keys`;
  return `While ${count(tasks, 'key')} kept the pool busy for ${ms(poolBusyMs)}, ${figures}: ${verdict}.`;
}
