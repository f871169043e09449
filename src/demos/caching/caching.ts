import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber, type Demo } from '../demo.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { count, ms, times } from '../evidence/words.ts';
import type { Tools } from '../work/tools.ts';
import { ValueCache, type Looked } from './cache.ts';
import { SingleFlight } from './single-flight.ts';
import { computeSlowly } from './slow-value.ts';
import { oncePerService } from '../work/once-per-service.ts';

const MAX_ENTRIES = 100;
const TTL_MS = 10_000;
/** About 50 ms of CPU time, and a fifth of that for each caller of a stampede. */
const LOOKUP_ROUNDS = 150_000;
const STAMPEDE_ROUNDS = 30_000;

const lookupResult = z.strictObject({
  key: z.string(),
  value: z.string(),
  outcome: z.enum(['hit', 'miss', 'joined']).describe('joined: another caller was computing it already'),
  tookMs: z.number(),
  computedMs: z.number().describe('What it cost when it was computed'),
  ageMs: z.number(),
  ttlMs: z.number(),
  entries: z.number(),
  maxEntries: z.number(),
  hits: z.number().describe('Of this worker, since its start'),
  misses: z.number(),
  evicted: z.number(),
});
type Lookup = z.infer<typeof lookupResult>;

const stampedeResult = z.strictObject({
  way: z.string(),
  clients: z.number(),
  computations: z.number(),
  distinctValues: z.number().describe('1 where all callers got the same'),
  elapsedMs: z.number(),
  slowestClientMs: z.number(),
  cpuMs: z.number().describe('CPU time of this process meanwhile'),
});
type Stampede = z.infer<typeof stampedeResult>;

export const caching = {
  id: 'caching',
  title: 'Caching',
  summary: 'A slow value kept for a while, and what happens when many ask for a missing one at once.',
  teaches:
    'A cache needs a bound on its size and on the age of what it holds. It also needs single flight: a popular key that ' +
    'runs out is otherwise computed once for each caller that finds it gone.',
  lookFor: 'lookup twice with the same key: tookMs against computedMs. In stampede: computations.',
  practices: ['5.12'],
  routes: [
    demoRoute({
      method: 'get',
      path: '/lookup',
      summary: 'Looks a slow value up in a bounded cache with a time to live.',
      teaches: 'A hit costs microseconds; a miss costs the computation. Each worker has a cache of its own.',
      query: z.object({
        key: z
          .string({ error: 'must be a text of 1 to 64 characters' })
          .min(1, { error: 'must be a text of 1 to 64 characters' })
          .max(64, { error: 'must be a text of 1 to 64 characters' })
          .default('spring')
          .describe('What to look up'),
      }),
      result: lookupResult,
      examples: [
        { title: 'The first time it is computed', query: { key: 'spring', as: 'text' } },
        { title: 'Within ten seconds it is there', query: { key: 'spring', as: 'text' } },
      ],
      contrasts: ['caching/stampede'],
      run: lookup,
    }),
    demoRoute({
      method: 'get',
      path: '/stampede',
      summary: 'Lets many callers ask for one missing key at once: one computes, or each does.',
      teaches: 'With single flight a missing key costs one computation, however many callers find it gone.',
      query: z.object({
        clients: wholeNumber('Callers at once', { min: 1, max: 100, default: 20 }),
        way: oneOf('Who computes', ['single-flight', 'each']),
      }),
      result: stampedeResult,
      examples: [
        { title: 'One computes', query: { clients: 20, way: 'single-flight', as: 'text' } },
        { title: 'Each computes', query: { clients: 20, way: 'each', as: 'text' } },
      ],
      contrasts: ['caching/stampede?way=single-flight', 'caching/stampede?way=each', 'caching/lookup'],
      async run({ query, signal, timeline, tools }) {
        // Tasks of the pool cannot be cancelled once they were asked for, so a client that left is noticed before.
        const tasks = query.way === 'each' ? query.clients : 1;
        const result = await tools.budgets.poolTasks.use(tasks, signal, () => stampede(query, timeline));
        return { result, lesson: concludeStampede(result) };
      },
    }),
  ],
} satisfies Demo;

const cacheOf = oncePerService(
  (tools) =>
    new ValueCache({
      max: MAX_ENTRIES,
      ttlMs: TTL_MS,
      // The value belongs to whoever waits for it, not to one caller: so no caller that leaves ends it.
      compute: (key) =>
        tools.budgets.poolTasks.use(1, new AbortController().signal, () => computeSlowly(key, LOOKUP_ROUNDS)),
    }),
);

async function lookup(call: {
  readonly query: { readonly key: string };
  readonly timeline: Timeline;
  readonly tools: Tools;
}) {
  const { query, timeline, tools } = call;
  const cache = cacheOf(tools);
  const startMs = timeline.now();
  const looked = await cache.look(query.key);
  const endMs = timeline.now();
  if (looked.outcome !== 'hit') timeline.add('compute', 'pool thread', startMs, endMs);
  const result = describeLookup(query.key, looked, endMs - startMs, cache);
  return { result, lesson: concludeLookup(result, tools.dependencies.clustered) };
}

function describeLookup(key: string, looked: Looked, tookMs: number, cache: ValueCache): Lookup {
  return {
    key,
    value: looked.value,
    outcome: looked.outcome,
    tookMs: toMicroseconds(tookMs),
    computedMs: toMicroseconds(looked.computedMs),
    ageMs: toMicroseconds(performance.now() - looked.storedAt),
    ttlMs: TTL_MS,
    entries: cache.size,
    maxEntries: MAX_ENTRIES,
    hits: cache.counts.hits,
    misses: cache.counts.misses,
    evicted: cache.counts.evicted,
  };
}

function concludeLookup({ outcome, tookMs, computedMs, ageMs, ttlMs }: Lookup, clustered: boolean): string {
  const whose = clustered
    ? ' This cache is one worker’s own: another worker computes the same key once more.'
    : '';
  if (outcome === 'hit') {
    const cheaper =
      tookMs < computedMs
        ? `a hit, ${times(computedMs / tookMs)} faster than the ${ms(computedMs)} it took to compute`
        : `a hit, and yet no faster than the ${ms(computedMs)} it took to compute`;
    return `The value was there after ${ms(tookMs)}: ${cheaper}; it is ${ms(ageMs)} old and is given for ${ms(ttlMs)}.${whose}`;
  }
  const why = outcome === 'joined' ? 'waited for a computation of another caller' : 'computed it';
  return `The value was not there: this request ${why}, ${ms(tookMs)}; for the next ${ms(ttlMs)} it costs nearly nothing.${whose}`;
}

async function stampede(
  { clients, way }: { readonly clients: number; readonly way: 'single-flight' | 'each' },
  timeline: Timeline,
): Promise<Stampede> {
  const key = `cold ${performance.now()}`; // nobody has it
  const flights = new SingleFlight<string>();
  const seen = { computations: 0, slowestMs: 0 };
  const kept = new Map<string, string>();
  const compute = async () => {
    seen.computations += 1;
    const value = await computeSlowly(key, STAMPEDE_ROUNDS);
    kept.set(key, value);
    return value;
  };
  const client = async (_: unknown, index: number): Promise<string> => {
    const startMs = timeline.now();
    const found = kept.get(key) ?? (await (way === 'each' ? compute() : flights.run(key, compute)));
    const endMs = timeline.now();
    seen.slowestMs = Math.max(seen.slowestMs, endMs - startMs);
    if (index < 20) timeline.add(`client ${index + 1}`, 'waits', startMs, endMs);
    return found;
  };
  const startMs = timeline.now();
  const cpu = process.cpuUsage();
  const values = await Promise.all(Array.from({ length: clients }, client));
  const { user, system } = process.cpuUsage(cpu);
  return {
    way,
    clients,
    computations: seen.computations,
    distinctValues: new Set(values).size,
    elapsedMs: toMicroseconds(timeline.now() - startMs),
    slowestClientMs: toMicroseconds(seen.slowestMs),
    cpuMs: toMicroseconds((user + system) / 1000),
  };
}

function concludeStampede({ clients, computations, elapsedMs, slowestClientMs, cpuMs }: Stampede): string {
  const asked = `${count(clients, 'caller')} of one missing key made ${count(computations, 'computation')}`;
  const cost = `all were served after ${ms(elapsedMs)}, the slowest waited ${ms(slowestClientMs)}, and ${ms(cpuMs)} of CPU time went into it`;
  if (clients === 1) return `${asked}; ${cost}. One caller cannot show a stampede: raise clients.`;
  return computations === 1
    ? `${asked}: one computed and ${count(clients - 1, 'other')} waited for the same; ${cost}.`
    : `${asked}, of which ${computations - 1} were for nothing; ${cost}.`;
}
