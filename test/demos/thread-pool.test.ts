import { Resolver } from 'node:dns/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { median } from '../../src/demos/thread-pool/full-pool.ts';
import { answerTo, withNameServer } from '../../src/demos/thread-pool/name-server.ts';
import { conclude as concludeSizes, type SizeResult } from '../../src/demos/thread-pool/size.ts';
import { compare, conclude } from '../../src/demos/thread-pool/who-uses-it.ts';
import { createTestApp, type TestApp } from '../support/app.ts';

let service: TestApp;
beforeAll(async () => {
  // These demos hold the event loop on purpose; what follows must not be shed for it.
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function run<Result>(path: string): Promise<{ result: Result; lesson: string }> {
  const response = await service.client.get(`/demos/thread-pool/${path}`).expect(200);
  return response.body as { result: Result; lesson: string };
}

describe('thread-pool/pbkdf2', () => {
  interface Waves {
    readonly poolThreads: number;
    readonly waves: number;
    readonly maxQueuedMs: number;
    readonly meanRunMs: number;
    readonly tasksByWave: readonly number[];
  }

  test('six tasks on four pool threads: two wait for a thread', async () => {
    const { result: six } = await run<Waves>('pbkdf2?tasks=6');
    const { result: four } = await run<Waves>('pbkdf2?tasks=4');

    expect(six.poolThreads).toBe(4);
    expect(six.tasksByWave[0]).toBe(4);
    expect(six.tasksByWave.slice(1).reduce((sum, tasks) => sum + tasks, 0)).toBe(2);
    expect(four.waves).toBe(1);
    expect(six.maxQueuedMs / six.meanRunMs).toBeGreaterThan(2 * (four.maxQueuedMs / four.meanRunMs));
  });
});

describe('thread-pool/size', () => {
  interface Sizes {
    readonly cores: number;
    readonly sizes: readonly SizeResult[];
  }

  test('each child has the pool it was started with', async () => {
    const { result } = await run<Sizes>('size?sizes=1,3&tasks=6');
    const [one, three] = result.sizes;

    expect(one).toMatchObject({ poolSize: 1, poolThreads: 1, speedUp: 1 });
    expect(three).toMatchObject({ poolSize: 3, poolThreads: 3 });
    expect(one?.coresUsed).toBeLessThan(1.2);
  });

  test.each(['', '0', '65', '1,,2', '1,2,3,4,5,6,7', '2;3'])('sizes=%j is refused', async (sizes) => {
    const response = await service.client.get('/demos/thread-pool/size').query({ sizes }).expect(400);

    expect((response.body as { detail: string }).detail).toContain('one to six numbers from 1 to 64');
  });

  const sized = (poolSize: number, elapsedMs: number): SizeResult => ({
    poolSize,
    poolThreads: poolSize,
    elapsedMs,
    cpuMs: 100,
    coresUsed: 100 / elapsedMs,
    speedUp: 100 / elapsedMs,
  });

  test('the lesson names the size beyond which nothing was gained', () => {
    expect(concludeSizes([sized(1, 100), sized(2, 52), sized(4, 50)], 8, 2)).toMatch(
      /with 2 52\.0 ms, 1\.9 times as fast; 4 brought no more \(2\.0 times\)/,
    );
    expect(concludeSizes([sized(1, 100), sized(2, 99)], 8, 1)).toContain('no idle core');
    expect(concludeSizes([sized(1, 100)], 8, 2)).toContain('name a second size');
  });

  test('the lesson speaks of idle cores only where the figures show none', () => {
    const lesson = (sizes: readonly number[], tasks: number, cores: number) =>
      concludeSizes(
        sizes.map((poolSize) => sized(poolSize, 100)),
        tasks,
        cores,
      );

    expect(lesson([4, 16, 64], 4, 2)).toContain('a thread for every task');
    expect(lesson([1, 4], 8, 4)).toContain('did not get all cores');
    expect(lesson([4, 1], 8, 1)).toContain('no larger one was tried');
    for (const told of [lesson([4, 16, 64], 4, 2), lesson([1, 4], 8, 4)]) {
      expect(told).not.toContain('no idle core');
    }
  });

  test.each(['1,1,1', '4,8,4'])('sizes=%j is refused, for it names a size twice', async (sizes) => {
    const response = await service.client.get('/demos/thread-pool/size').query({ sizes }).expect(400);

    expect((response.body as { detail: string }).detail).toContain('must name each size only once');
  });
});

describe('thread-pool/starve', () => {
  interface Starved {
    readonly latencies: readonly {
      readonly operation: string;
      readonly freeMs: number;
      readonly fullMs: number;
      readonly keysBefore: number;
    }[];
  }

  test('reads and look-ups wait behind a full pool, and not where it has room', async () => {
    const { result: full, lesson } = await run<Starved>('starve');
    const { result: room, lesson: other } = await run<Starved>('starve?tasks=1&iterations=200000');

    expect(full.latencies.map(({ operation }) => operation)).toEqual(['file read', 'DNS look-up']);
    for (const { freeMs, fullMs, keysBefore } of full.latencies) {
      expect(fullMs).toBeGreaterThan(5 * freeMs);
      expect(keysBefore).toBeGreaterThan(4);
    }
    expect(lesson).toContain('waited in the same queue');
    for (const { keysBefore } of room.latencies) expect(keysBefore).toBe(0);
    expect(other).toContain('the pool had room');
  });
});

describe('thread-pool/who-uses-it', () => {
  interface Who {
    readonly operations: readonly { readonly operation: string; readonly waits: boolean }[];
  }
  const waiting = ({ operations }: Who) =>
    operations.filter(({ waits }) => waits).map(({ operation }) => operation);

  test('fs, dns.lookup, crypto and zlib wait; dns.resolve and sockets do not', async () => {
    const { result } = await run<Who>('who-uses-it');

    expect(waiting(result)).toEqual([
      'fs.stat',
      'fs.readdir',
      'dns.lookup',
      'crypto.pbkdf2',
      'crypto.randomBytes',
      'zlib.gzip',
    ]);
    expect(result.operations).toHaveLength(8);
  });

  test('where the pool has room nobody waits, and the lesson says that this tells nothing', async () => {
    const { result, lesson } = await run<Who>('who-uses-it?tasks=1&iterations=200000');

    expect(waiting(result)).toEqual([]);
    expect(lesson).toContain('does not tell who uses it');
  });

  const after = (keysBefore: number, latencyMs: number) => ({ keysBefore, latencyMs });

  test('what only took long because the cores were busy has not waited', () => {
    const free = { stat: 0.1, socket: 0.1 };
    const rows = compare(free, { stat: after(12, 90), socket: after(1, 9) });

    expect(rows.map(({ waits }) => waits)).toEqual([true, false]);
    expect(rows[1]?.ratio).toBe(90);
    expect(conclude(rows, 100)).toContain('stat waited for it (90.0 ms to 90.0 ms); socket did not');
  });

  test('one key is enough to have waited for, where nobody waited for more', () => {
    const rows = compare({ stat: 1, socket: 1 }, { stat: after(1, 50), socket: after(0, 1) });

    expect(rows.map(({ waits }) => waits)).toEqual([true, false]);
  });

  test.each([
    [[3, 1, 2], 2],
    [[4, 1, 2, 3], 2.5],
    [[7], 7],
  ])('the median of %j is %d', (values, expected) => {
    expect(median(values)).toBe(expected);
  });
});

describe('the name server', () => {
  test('answers a real resolver with the address of loopback', async () => {
    const addresses = await withNameServer(async (address) => {
      const resolver = new Resolver({ timeout: 2_000, tries: 2 });
      resolver.setServers([address]);
      return resolver.resolve4('some.name.test');
    });

    expect(addresses).toEqual(['127.0.0.1']);
  });

  test.each([[Buffer.alloc(0)], [Buffer.alloc(11)], [Buffer.alloc(12)], [Buffer.alloc(15)]])(
    'has no answer to what is no question',
    (query) => {
      expect(answerTo(query)).toBeUndefined();
    },
  );
});
