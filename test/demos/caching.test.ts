import { describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { SingleFlight } from '../../src/demos/caching/single-flight.ts';
import { ValueCache } from '../../src/demos/caching/value-cache.ts';
import { useTestApp } from '../support/use-test-app.ts';

interface Lookup {
  readonly result: {
    readonly outcome: string;
    readonly value: string;
    readonly tookMs: number;
    readonly computedMs: number;
    readonly ageMs: number;
    readonly misses: number;
  };
}

interface Stampede {
  readonly result: {
    readonly computations: number;
    readonly distinctValues: number;
    readonly databaseMs: number;
  };
}

const service = await useTestApp();

describe('caching', () => {
  test('serves the second lookup of a key from the cache, much faster than the first', async () => {
    const lookUp = async () =>
      (await service.client.get('/demos/caching/lookup?key=twice').expect(200)).body as Lookup;
    const first = (await lookUp()).result;
    const second = (await lookUp()).result;

    expect(first.outcome).toBe('miss');
    expect(second).toMatchObject({ outcome: 'hit', value: first.value, misses: first.misses });
    expect(second.tookMs).toBeLessThan(first.computedMs / 5);
    expect(second.ageMs).toBeGreaterThan(first.ageMs);
  });

  test('computes once with single flight, and once per caller without it', async () => {
    const rush = async (way: string) =>
      (await service.client.get(`/demos/caching/stampede?clients=12&way=${way}`).expect(200))
        .body as Stampede;
    const single = (await rush('single-flight')).result;
    const each = (await rush('each')).result;

    expect(single).toMatchObject({ computations: 1, distinctValues: 1 });
    expect(each).toMatchObject({ computations: 12, distinctValues: 1 });
    expect(each.databaseMs).toBeGreaterThan(3 * single.databaseMs);
  });

  test('rejects a key of more than 64 characters with 400', async () => {
    await service.client.get(`/demos/caching/lookup?key=${'x'.repeat(65)}`).expect(400);
  });
});

describe('ValueCache', () => {
  const compute = async (key: string) => {
    await sleep(1);
    return key.toUpperCase();
  };

  test('evicts the least recently used entry when it is full', async () => {
    const cache = new ValueCache({ max: 2, ttlMs: 60_000, compute });
    await cache.get('a');
    await cache.get('b');
    await cache.get('a');
    await cache.get('c');

    expect((await cache.get('a')).outcome).toBe('hit');
    expect((await cache.get('b')).outcome).toBe('miss');
    expect(cache.size).toBe(2);
    expect(cache.counts.evicted).toBe(2);
  });

  test('computes an expired entry again', async () => {
    const cache = new ValueCache({ max: 2, ttlMs: 20, compute });
    await cache.get('a');
    await sleep(40);

    expect((await cache.get('a')).outcome).toBe('miss');
  });

  test('distinguishes callers that join a computation from the one that starts it', async () => {
    const cache = new ValueCache({ max: 2, ttlMs: 60_000, compute });

    const outcomes = (await Promise.all([cache.get('a'), cache.get('a')])).map(({ outcome }) => outcome);

    expect(outcomes).toEqual(['miss', 'joined']);
  });
});

test('SingleFlight shares a failure with all waiting callers and does not keep it', async () => {
  const flights = new SingleFlight<string>();
  let tries = 0;
  const compute = async () => {
    tries += 1;
    await sleep(1);
    if (tries === 1) throw new Error('the first try fails');
    return 'done';
  };

  const first = await Promise.allSettled([flights.run('key', compute), flights.run('key', compute)]);

  expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  expect(flights.has('key')).toBe(false);
  await expect(flights.run('key', compute)).resolves.toBe('done');
  expect(tries).toBe(2);
});
