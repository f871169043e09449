import { describe, expect, jest, test } from '@jest/globals';
import type { Logger } from 'pino';
import { RedisCounter } from '../../src/rate-limit/redis-counter.ts';
import { noTracing } from '../../src/telemetry/tracing.ts';
import { hasRedis, RedisServer } from '../support/redis-server.ts';
import { until } from '../support/program.ts';

const TIMEOUT_MS = 300;
const window = { limiter: 'client', windowMs: 60_000 } as const;

/** A machine that counts in a Redis. */
async function connect(url: string) {
  const events: unknown[] = [];
  const record = ({ event }: { event: unknown }) => events.push(event);
  const log = { warn: record, info: record } as unknown as Logger;
  const missed = { inc: jest.fn() };
  const counter = await RedisCounter.connect({ url, timeoutMs: TIMEOUT_MS, log, missed, tracing: noTracing });
  const hit = async (key: string, times = 1) => {
    const [[total] = [0]] = await counter.count({ ...window, hits: [[key, times]] });
    return total;
  };
  return { counter, hit, events, missed, [Symbol.dispose]: () => counter.close() };
}

// npm has no Redis to install; .ci/run installs Debian's.
const withRedis = hasRedis ? describe : describe.skip;

withRedis('with a Redis, the rate-limit counter', () => {
  test('counts over machines, and resets the count of a client', async () => {
    await using redis = await RedisServer.start();
    using one = await connect(redis.url);
    using other = await connect(redis.url);
    expect([await one.hit('a', 3), await other.hit('a'), await one.hit('b')]).toEqual([3, 4, 1]);
    expect(await other.hit('a', -1)).toBe(3);
    one.counter.resetKey('client', 'a');
    await until('the reset', async () => ((await other.hit('a')) === 1 ? true : undefined));
    expect(one.events).toEqual([]);
  });

  test('ends the window when it began plus its length', async () => {
    await using redis = await RedisServer.start();
    using machine = await connect(redis.url);
    const count = async () => (await machine.counter.count({ ...window, hits: [['a', 1]] }))[0]?.[1] ?? 0;
    const startedAt = performance.now();
    const first = await count();
    await new Promise((resolve) => setTimeout(resolve, 1_000));
    const moved = Math.abs((await count()) - first);
    expect(moved).toBeLessThan((performance.now() - startedAt) / 2); // the window is not extended
    const short = { ...window, windowMs: 100, hits: [['b', 1]] } as const;
    await machine.counter.count(short);
    await new Promise((resolve) => setTimeout(resolve, 150));
    expect((await machine.counter.count(short))[0]?.[0]).toBe(1);
  });

  test.each(['stalls', 'dies'])('counts for this machine when Redis %s, until it is back', async (how) => {
    await using redis = await RedisServer.start();
    using machine = await connect(redis.url);
    using other = await connect(redis.url);
    await machine.hit('a', 2);
    await other.hit('a', 5);
    if (how === 'stalls') redis.signal('SIGSTOP');
    else await redis.kill();
    expect(await machine.hit('a')).toBe(3);
    expect(await machine.hit('a')).toBe(4);
    expect(machine.events).toEqual(['rate-limit-local']);
    expect(machine.missed.inc.mock.calls).toEqual([[1], [1]]);
    if (how === 'stalls') redis.signal('SIGCONT');
    else await redis.startAgain();
    await until('its return', () => (machine.events.length > 1 ? true : undefined));
    await until('the return of the other', () => (other.events.length !== 1 ? true : undefined));
    const before = await machine.hit('a');
    expect(await other.hit('a')).toBe(before + 1);
    expect(machine.events).toEqual(['rate-limit-local', 'rate-limit-shared']);
  });

  test('only the hits that meet the failure wait for the timeout', async () => {
    await using redis = await RedisServer.start();
    using machine = await connect(redis.url);
    redis.signal('SIGSTOP');
    const times: number[] = [];
    for (let hits = 0; hits < 5; hits += 1) {
      const startedAt = performance.now();
      await machine.hit('a');
      times.push(performance.now() - startedAt);
    }
    const [first = 0, ...later] = times;
    expect(Math.max(...later)).toBeLessThan(first / 2);
    redis.signal('SIGCONT');
  });
});

test('starts without a Redis, and counts for this machine', async () => {
  using machine = await connect('redis://127.0.0.1:1');
  expect(await machine.hit('a', 2)).toBe(2);
  expect(machine.events).toEqual(['rate-limit-local']);
});
