import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { ms, times } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { scratchDatabaseOf } from '../kit/database/scratch-database.ts';
import { perService } from '../kit/resources/per-service.ts';
import { computeSlowly } from './slow-value.ts';
import { ValueCache, type CachedValue } from './value-cache.ts';

const MAX_ENTRIES = 100;
const TTL_MS = 10_000;
const keyLength = { error: 'must be a text of 1 to 64 characters' };

const resultSchema = z.strictObject({
  key: z.string(),
  value: z.string(),
  outcome: z.enum(['hit', 'miss', 'joined']).describe('joined: another request was computing it already'),
  tookMs: z.number(),
  computedMs: z.number().describe('How long its computation took'),
  ageMs: z.number(),
  ttlMs: z.number(),
  entries: z.number(),
  maxEntries: z.number(),
  hits: z.number().describe('Hits of this worker since it started'),
  misses: z.number(),
  evicted: z.number(),
});
type Result = z.infer<typeof resultSchema>;

export const lookup = demoRoute({
  method: 'get',
  path: '/lookup',
  title: 'Look up a cached value',
  summary: 'Looks up a slow value of the database in a cache with a bounded size and a time to live.',
  teaches: 'A hit skips the computation; only a miss pays for it. Each worker has a cache of its own.',
  query: z.object({
    key: z
      .string(keyLength)
      .min(1, keyLength)
      .max(64, keyLength)
      .default('spring')
      .describe('The key to look up'),
  }),
  result: resultSchema,
  examples: [
    { title: 'The first time: a miss', query: { key: 'spring', as: 'text' } },
    { title: 'Within ten seconds: a hit on the same worker', query: { key: 'spring', as: 'text' } },
  ],
  contrasts: ['caching/stampede'],
  async run({ query, timeline, resources }) {
    const cache = cacheOf(resources);
    const startMs = timeline.now();
    const cached = await cache.get(query.key);
    const endMs = timeline.now();
    if (cached.outcome !== 'hit') timeline.add('compute', 'database', startMs, endMs);
    const result = describe(query.key, cached, endMs - startMs, cache);
    return { result, lesson: conclude(result, resources.dependencies.clustered) };
  },
});

const cacheOf = perService(
  (resources) =>
    new ValueCache({
      max: MAX_ENTRIES,
      ttlMs: TTL_MS,
      // All callers share the value: a client that disconnects must not abort it for the others.
      compute: (key) =>
        scratchDatabaseOf(resources).withClients(1, new AbortController().signal, (client) =>
          computeSlowly(client, key),
        ),
    }),
);

function describe(key: string, cached: CachedValue, tookMs: number, cache: ValueCache): Result {
  const { hits, misses, evicted } = cache.counts;
  return {
    key,
    value: cached.value,
    outcome: cached.outcome,
    tookMs: toMicroseconds(tookMs),
    computedMs: toMicroseconds(cached.computedMs),
    ageMs: toMicroseconds(performance.now() - cached.storedAt),
    ttlMs: TTL_MS,
    entries: cache.size,
    maxEntries: MAX_ENTRIES,
    hits,
    misses,
    evicted,
  };
}

function conclude({ outcome, tookMs, computedMs, ageMs, ttlMs }: Result, clustered: boolean): Lesson {
  const took = ms(tookMs);
  const perWorker = clustered
    ? ' The cache belongs to this worker: another worker computes the same key again.'
    : '';
  if (outcome === 'hit') {
    const comparison =
      tookMs < computedMs
        ? `${times(computedMs / tookMs)} faster than the computation`
        : 'no faster than the computation';
    return {
      headline: `A hit took ${took}, ${comparison}`,
      text:
        `The value was cached and took ${took}; its computation took ${ms(computedMs)}. It is ${ms(ageMs)} old and ` +
        `expires at an age of ${ms(ttlMs)}.${perWorker}`,
    };
  }
  const source = outcome === 'joined' ? "waited for another request's computation" : 'computed the value';
  return {
    headline: `A miss took ${took}: this request ${source}`,
    text: `The value was not cached. This request ${source}, which took ${took}. It stays cached for at most ${ms(ttlMs)}.${perWorker}`,
  };
}
