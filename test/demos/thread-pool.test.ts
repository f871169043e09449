import { Resolver } from 'node:dns/promises';
import { describe, expect, test } from '@jest/globals';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { responseTo, withNameServer } from '../../src/demos/thread-pool/name-server.ts';
import { conclude as concludeTrace } from '../../src/demos/thread-pool/pbkdf2.ts';
import type { SizeInCode } from '../../src/demos/thread-pool/size-in-code.ts';
import { conclude as concludeSizes, type SizeResult } from '../../src/demos/thread-pool/size.ts';
import { conclude as concludeStarve } from '../../src/demos/thread-pool/starve.ts';
import { compare, conclude } from '../../src/demos/thread-pool/who-uses-it.ts';
import { median } from '../../src/shared/statistics.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<Result>(path: string): Promise<{ result: Result; lesson: Lesson }> {
  const response = await service.client.get(`/demos/thread-pool/${path}`).expect(200);
  return response.body as { result: Result; lesson: Lesson };
}

describe('thread-pool/pbkdf2', () => {
  interface Traced {
    readonly poolThreads: number;
    readonly startedAtOnce: number;
    readonly maxTasksOnThread: number;
    readonly maxQueuedMs: number;
    readonly meanRunMs: number;
  }

  test('two of six tasks wait for one of four pool threads', async () => {
    const { result: six, lesson } = await run<Traced>('pbkdf2?tasks=6');
    const { result: four } = await run<Traced>('pbkdf2?tasks=4');

    expect(six.poolThreads).toBe(4);
    expect(six.startedAtOnce).toBe(4);
    expect(six.maxTasksOnThread).toBeGreaterThan(1);
    expect(lesson.headline).toBe('2 of 6 tasks waited for one of 4 pool threads');
    expect(lesson.text).toContain('4 started at once, and 2 when a thread became free');
    expect(four).toMatchObject({ startedAtOnce: 4, maxTasksOnThread: 1 });
    expect(six.maxQueuedMs / six.meanRunMs).toBeGreaterThan(2 * (four.maxQueuedMs / four.meanRunMs));
  });

  test('does not count the tasks of others', async () => {
    const [{ result, lesson }] = await Promise.all([
      run<Traced & { tasks: unknown[] }>('pbkdf2?tasks=3'),
      run('starve?tasks=8&iterations=20000'),
    ]);

    expect(result.tasks).toHaveLength(3);
    expect(result).toMatchObject({ startedAtOnce: 3, maxTasksOnThread: 1 });
    expect(lesson.headline).toContain('3 tasks found a free pool thread');
  });

  test('the lesson names too few cores only if there are more busy threads than cores', () => {
    const task = { task: 1, poolThread: 1, ordinalOnThread: 1, queuedMs: 1, ranMs: 100, cpuMs: 50 };
    const figures = { startedAtOnce: 1, maxTasksOnThread: 1, meanRunMs: 100, maxQueuedMs: 1, tasks: [task] };

    expect(concludeTrace(1, 4, { ...figures, poolThreads: 1 }, 2).text).toContain(
      'other work used the cores',
    );
    expect(concludeTrace(1, 4, { ...figures, poolThreads: 4 }, 2).text).toContain(
      '2 cores for 4 busy pool threads',
    );
  });
});

test('the lesson of thread-pool/pbkdf2 does not say that tasks waited while pool threads had none', () => {
  const figures = { startedAtOnce: 2, maxTasksOnThread: 3, meanRunMs: 0.5, maxQueuedMs: 1, tasks: [] };

  expect(concludeTrace(6, 8, { ...figures, poolThreads: 2 }, 2).headline).toContain('does not show');
  expect(concludeTrace(6, 2, { ...figures, poolThreads: 2 }, 2).headline).toBe(
    '4 of 6 tasks waited for one of 2 pool threads',
  );
});

describe('thread-pool/size', () => {
  interface Sizes {
    readonly cores: number;
    readonly sizes: readonly SizeResult[];
    readonly setInCode: readonly SizeInCode[];
  }

  test('a size set in code applies before the first use of the pool, and not after it', async () => {
    const { result, lesson } = await run<Sizes>('size?sizes=1&tasks=1');
    const [before, after] = result.setInCode;

    expect(before).toMatchObject({ set: 'before the first use', size: 2, poolThreads: 2 });
    expect(after?.poolThreads).toBeGreaterThan(2);
    expect(lesson.text).toMatch(
      /gave 2 threads before the first use of the pool, and [34] after it: too late/,
    );
  });

  test('each child has a pool of the requested size', async () => {
    const { result } = await run<Sizes>('size?sizes=1,3&tasks=6');
    const [one, three] = result.sizes;

    expect(one).toMatchObject({ poolSize: 1, poolThreads: 1, speedUp: 1 });
    expect(three).toMatchObject({ poolSize: 3, poolThreads: 3 });
    expect(one?.coresUsed).toBeLessThan(1.2);
  });

  test.each(['', '0', '65', '1,,2', '1,2,3,4,5,6,7', '2;3'])('rejects sizes=%j with 400', async (sizes) => {
    const response = await service.client.get('/demos/thread-pool/size').query({ sizes }).expect(400);

    expect((response.body as { detail: string }).detail).toContain('one to six numbers from 1 to 64');
  });

  const sized = (poolSize: number, elapsedMs: number): SizeResult => ({
    poolSize,
    poolThreads: poolSize,
    elapsedMs,
    slowestMs: 1.1 * elapsedMs,
    cpuMs: 100,
    coresUsed: 100 / elapsedMs,
    speedUp: 100 / elapsedMs,
  });

  test('the lesson names the size beyond which larger pools gain little', () => {
    expect(concludeSizes([sized(1, 100), sized(2, 52), sized(4, 50)], 8, 2)).toMatchObject({
      headline: 'A pool of 2 was 1.9× as fast as one of 1',
      text: expect.stringContaining(
        'A pool of 2 took 52.0 ms and was 1.9× as fast. Larger sizes gained little: 2.0× with 4.',
      ),
    });
    expect(concludeSizes([sized(1, 100), sized(2, 99)], 8, 1).text).toContain('no idle core');
    expect(concludeSizes([sized(1, 100)], 8, 2).text).toContain('Name a second size');
  });

  test('the lesson claims no gain that no thread can have brought or that is within the noise', () => {
    const oneThread = { ...sized(4, 50), poolThreads: 1 };
    const noisy = { ...sized(4, 80), slowestMs: 101 };

    for (const second of [oneThread, noisy]) {
      expect(concludeSizes([sized(1, 100), second], 1, 2).headline).toBe(
        'The sizes differ no more than the runs of one size',
      );
    }
    expect(concludeSizes([sized(1, 19), sized(4, 5)], 8, 2).headline).toContain('too short');
  });

  test('a single task is not faster with more threads', async () => {
    const { result, lesson } = await run<Sizes>('size?sizes=1,4&tasks=1&iterations=100000');

    expect(result.sizes.map(({ poolThreads }) => poolThreads)).toEqual([1, 1]);
    expect(lesson.headline).not.toContain('as fast as one');
  });

  test.each(['size?sizes=1,2,4&tasks=64&iterations=200000', 'pbkdf2?tasks=64&iterations=1000000'])(
    '%s, which together takes too long, is rejected with 400',
    async (path) => {
      const response = await service.client.get(`/demos/thread-pool/${path}`).expect(400);

      expect((response.body as { detail: string }).detail).toMatch(
        /tasks and iterations would .* is allowed/,
      );
    },
  );

  test('the lesson blames a lack of idle cores only if the figures show it', () => {
    const lesson = (sizes: readonly number[], tasks: number, cores: number) =>
      concludeSizes(
        sizes.map((poolSize) => sized(poolSize, 100)),
        tasks,
        cores,
      ).text;

    expect(lesson([4, 16, 64], 4, 2)).toContain('a thread for every task');
    expect(lesson([1, 4], 8, 4)).toContain('did not get all cores');
    expect(lesson([4, 1], 8, 1)).toContain('No larger size was tried');
    for (const text of [lesson([4, 16, 64], 4, 2), lesson([1, 4], 8, 4)]) {
      expect(text).not.toContain('no idle core');
    }
  });

  test.each(['1,1,1', '4,8,4'])('rejects sizes=%j, which names a size twice, with 400', async (sizes) => {
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

  test('file reads and DNS lookups wait behind a full pool, but not if it has a free thread', async () => {
    const { result: full, lesson } = await run<Starved>('starve');
    const { result: room, lesson: roomLesson } = await run<Starved>('starve?tasks=1&iterations=200000');

    expect(full.latencies.map(({ operation }) => operation)).toEqual(['file read', 'DNS lookup']);
    for (const { freeMs, fullMs, keysBefore } of full.latencies) {
      expect(fullMs).toBeGreaterThan(5 * freeMs);
      expect(keysBefore).toBeGreaterThan(4);
    }
    expect(lesson.text).toContain('waited in the same queue');
    for (const { keysBefore } of room.latencies) expect(keysBefore).toBe(0);
    expect(roomLesson.text).toContain('the pool had a free thread');
  });
});

describe('the lesson of thread-pool/starve', () => {
  const row = (operation: string, keysBefore: number) => ({
    operation,
    freeMs: 3,
    fullMs: 2.1,
    ratio: 0.7,
    keysBefore,
  });
  const waited = [row('file read', 1), row('DNS lookup', 1)];

  test('draws no conclusion from keys that are too few or shorter than an operation', () => {
    for (const { headline, text } of [concludeStarve(waited, 1, 0.5, 4), concludeStarve(waited, 16, 8, 4)]) {
      expect(headline).toBe('This run does not show whether a full pool makes others wait');
      expect(text).not.toContain('same queue');
    }
    expect(concludeStarve(waited, 16, 80, 4).text).toContain('waited in the same queue');
    expect(concludeStarve([row('file read', 0)], 1, 80, 4).text).toContain('the pool had a free thread');
  });

  test('as many keys as pool threads fill the pool', () => {
    expect(concludeStarve(waited, 4, 80, 4).text).toContain('waited in the same queue');
    expect(concludeStarve([row('file read', 0)], 4, 80, 4).text).not.toContain('had a free thread');
  });
});

describe('thread-pool/who-uses-it', () => {
  interface Who {
    readonly operations: readonly { readonly operation: string; readonly waits: boolean }[];
  }
  const waiting = ({ operations }: Who) =>
    operations.filter(({ waits }) => waits).map(({ operation }) => operation);

  test('fs, dns.lookup, crypto and zlib wait; fs.watch, dns.resolve and sockets do not', async () => {
    const { result } = await run<Who>('who-uses-it');

    expect(result.operations.filter(({ waits }) => !waits).map(({ operation }) => operation)).toEqual([
      'fs.watch',
      'dns.resolve',
      'dns.reverse',
      'socket (HTTP)',
    ]);
    expect(waiting(result)).toHaveLength(10);
  });

  test.each(['tasks=1&iterations=1000', 'iterations=1000', 'tasks=5&iterations=80000'])(
    '%s draws no conclusion about the operations',
    async (query) => {
      const { lesson } = await run<Who>(`who-uses-it?${query}`);

      expect(lesson.headline).toBe('This run does not show which operations use the pool');
      expect(lesson.text).not.toMatch(/need no pool thread|waited for a pool thread/);
    },
  );

  test('nothing waits while the pool has a free thread, and the lesson says that this proves nothing', async () => {
    const { result, lesson } = await run<Who>('who-uses-it?tasks=1&iterations=200000');

    expect(waiting(result)).toEqual([]);
    expect(lesson.text).toContain('a pool of 4 threads is not full for long enough');
  });

  const after = (keysBefore: number, latencyMs: number) => ({ keysBefore, latencyMs });

  test('an operation that was slow only because the cores were busy does not count as waiting', () => {
    const free = { stat: 0.1, socket: 0.1 };
    const rows = compare(free, { stat: after(12, 90), socket: after(1, 9) });

    expect(rows.map(({ waits }) => waits)).toEqual([true, false]);
    expect(rows[1]?.ratio).toBe(90);
    expect(conclude(rows, 16, 100, 4)).toMatchObject({
      headline: '1 of 2 operations waited for a pool thread',
      text: expect.stringContaining(
        'These waited for a pool thread (90.0 ms to 90.0 ms): stat. These did not wait (9.0 ms to 9.0 ms)',
      ),
    });
  });

  test('one key counts as waiting if no operation waited for more', () => {
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

describe('name server', () => {
  test('resolves names to 127.0.0.1 for a real resolver', async () => {
    const addresses = await withNameServer(async (address) => {
      const resolver = new Resolver({ timeout: 2_000, tries: 2 });
      resolver.setServers([address]);
      return resolver.resolve4('some.name.test');
    });

    expect(addresses).toEqual(['127.0.0.1']);
  });

  test.each([[Buffer.alloc(0)], [Buffer.alloc(11)], [Buffer.alloc(12)], [Buffer.alloc(15)]])(
    'does not respond to an incomplete query (%j)',
    (query) => {
      expect(responseTo(query)).toBeUndefined();
    },
  );
});
