import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import { ValueCache } from '../../src/demos/caching/cache.ts';
import { SingleFlight } from '../../src/demos/caching/single-flight.ts';
import { createTestApp, type TestApp } from '../support/app.ts';

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
    readonly cpuMs: number;
  };
}

describe('caching', () => {
  let service: TestApp;
  beforeAll(async () => {
    service = await createTestApp();
  });
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
  });

  test('the second look-up of a key costs a small part of the first', async () => {
    const look = async () =>
      (await service.client.get('/demos/caching/lookup?key=twice').expect(200)).body as Lookup;
    const first = (await look()).result;
    const second = (await look()).result;

    expect(first.outcome).toBe('miss');
    expect(second).toMatchObject({ outcome: 'hit', value: first.value, misses: first.misses });
    expect(second.tookMs).toBeLessThan(first.computedMs / 5);
    expect(second.ageMs).toBeGreaterThan(first.ageMs);
  });

  test('a stampede computes once with single flight, and once for each caller without', async () => {
    const rush = async (way: string) =>
      (await service.client.get(`/demos/caching/stampede?clients=12&way=${way}`).expect(200))
        .body as Stampede;
    const single = (await rush('single-flight')).result;
    const each = (await rush('each')).result;

    expect(single).toMatchObject({ computations: 1, distinctValues: 1 });
    expect(each).toMatchObject({ computations: 12, distinctValues: 1 });
    expect(each.cpuMs).toBeGreaterThan(3 * single.cpuMs);
  });

  test('a key that is too long is refused', async () => {
    await service.client.get(`/demos/caching/lookup?key=${'x'.repeat(65)}`).expect(400);
  });
});

describe('ValueCache', () => {
  const compute = async (key: string) => {
    await sleep(1);
    return key.toUpperCase();
  };

  test('drops what was least recently used when it is full', async () => {
    const cache = new ValueCache({ max: 2, ttlMs: 60_000, compute });
    await cache.look('a');
    await cache.look('b');
    await cache.look('a');
    await cache.look('c');

    expect((await cache.look('a')).outcome).toBe('hit');
    expect((await cache.look('b')).outcome).toBe('miss');
    expect(cache.size).toBe(2);
    expect(cache.counts.evicted).toBe(2);
  });

  test('computes anew what is too old', async () => {
    const cache = new ValueCache({ max: 2, ttlMs: 20, compute });
    await cache.look('a');
    await sleep(40);

    expect((await cache.look('a')).outcome).toBe('miss');
  });

  test('tells callers that joined a computation from the one that began it', async () => {
    const cache = new ValueCache({ max: 2, ttlMs: 60_000, compute });

    const outcomes = (await Promise.all([cache.look('a'), cache.look('a')])).map(({ outcome }) => outcome);

    expect(outcomes).toEqual(['miss', 'joined']);
  });
});

test('a failed flight is told to all who wait and not kept', async () => {
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
  expect(flights.size).toBe(0);
  await expect(flights.run('key', compute)).resolves.toBe('done');
  expect(tries).toBe(2);
});
