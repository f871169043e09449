import { describe, expect, test } from '@jest/globals';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { conclude } from '../../src/demos/worker-threads/race.ts';
import { until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<T>(path: string): Promise<{ readonly result: T; readonly lesson: Lesson }> {
  const response = await service.client.get(`/demos/worker-threads/${path}`).expect(200);
  return response.body as { result: T; lesson: Lesson };
}

describe('worker-threads/messages', () => {
  interface Messages {
    readonly meanPostMs: number;
    readonly bytesHereAfterPost: number;
    readonly changeSeenHere: boolean;
  }

  test('a clone is copied, a transfer detaches the buffer, and a shared buffer is visible to both threads', async () => {
    const size = 'bytes=32000000&rounds=3';
    const { result: clone } = await run<Messages>(`messages?way=clone&${size}`);
    const { result: transfer } = await run<Messages>(`messages?way=transfer&${size}`);
    const { result: shared } = await run<Messages>(`messages?way=shared&${size}`);

    expect(clone.meanPostMs).toBeGreaterThan(3 * transfer.meanPostMs);
    expect(clone.meanPostMs).toBeGreaterThan(3 * shared.meanPostMs);
    expect(clone).toMatchObject({ bytesHereAfterPost: 32_000_000, changeSeenHere: false });
    expect(transfer.bytesHereAfterPost).toBe(0);
    expect(clone).toMatchObject({ instanceKeepsClass: false, functionError: 'DataCloneError' });
    expect(shared).toMatchObject({ bytesHereAfterPost: 32_000_000, changeSeenHere: true });
  });
});

describe('worker-threads/race', () => {
  interface Race {
    readonly made: number;
    readonly counted: number;
    readonly lost: number;
    readonly waits: number;
    readonly nsPerIncrement: number;
  }

  test('plain increments lose updates', async () => {
    // On a busy machine the threads may run one after the other: then it races again.
    const { result, lesson } = await until('a race', async () => {
      const each = await run<Race>('race?way=plain&increments=5000000');
      return each.result.lost > 0 ? each : undefined;
    });

    expect(result.made).toBe(10_000_000);
    expect(result.counted).toBe(result.made - result.lost);
    expect(lesson.headline).toMatch(/^Plain increments lost .*data race$/);
  });

  test('atomic increments and those under a lock lose none', async () => {
    const { result: atomics } = await run<Race>('race?way=atomics&increments=2000000');
    const { result: lock, lesson } = await until('threads that compete for the lock', async () => {
      const each = await run<Race>('race?way=lock&increments=1000000&threads=3');
      expect(each.result).toMatchObject({ made: 3_000_000, counted: 3_000_000, lost: 0 });
      return each.result.waits > 0 ? each : undefined;
    });

    expect(atomics).toMatchObject({ made: 4_000_000, counted: 4_000_000, lost: 0, waits: 0 });
    expect(lock.nsPerIncrement).toBeGreaterThan(atomics.nsPerIncrement);
    expect(lesson.headline).toMatch(/^Increments under a lock lost none/);
  });

  test('the lesson does not call plain increments safe if a run lost none', async () => {
    const { result } = await run<Parameters<typeof conclude>[0]>('race?way=plain&increments=1');
    expect(result).toMatchObject({ made: 2 });

    const { headline, text } = conclude({ ...result, counted: 2, lost: 0, lostShare: 0 });
    expect(headline).toBe('This run lost no update, which does not make it safe');
    expect(text).toContain('A race may hide');
    expect(conclude({ ...result, way: 'lock', counted: 2, lost: 0, overlapMs: 0 }).headline).toMatch(
      /^This run does not tell/,
    );
  });

  test('rejects more threads than cores are likely with 400', async () => {
    await service.client.get('/demos/worker-threads/race?threads=5').expect(400);
  });
});

describe('worker-threads/start-up', () => {
  test('a job on a new thread takes several times as long as one on a pooled thread', async () => {
    const { result } = await run<{ ways: { way: string; primes: number; meanMs: number }[] }>(
      'start-up?count=5',
    );
    const [fresh, pooled] = result.ways;
    expect(result.ways.map(({ way }) => way)).toEqual(['new', 'pooled']);
    expect(fresh?.primes).toBe(168);
    expect(pooled?.primes).toBe(168);
    expect(fresh?.meanMs).toBeGreaterThan(3 * (pooled?.meanMs ?? Infinity));
  });

  test('rejects more than 50 jobs with 400', async () => {
    await service.client.get('/demos/worker-threads/start-up?count=51').expect(400);
  });
});

describe('worker-threads/memory-limit', () => {
  interface Limited {
    readonly outcome: string;
    readonly heldBytes: number;
    readonly wantedBytes: number;
    readonly errorCode: string | null;
    readonly siblingResponded: boolean;
    readonly pid: number;
  }

  test('responds with 507 if a thread outgrows its heap, and the service stays alive', async () => {
    const response = await service.client.get('/demos/worker-threads/memory-limit').expect(507);
    expect(response.body).toMatchObject({ code: 'out-of-memory', status: 507 });
    expect((response.body as { detail: string }).detail).toContain('another of its threads still responded');

    await service.client.get('/livez').expect(200);
  });

  test('the thread ends before it holds all it wanted, and its sibling keeps running', async () => {
    const { result } = await run<Limited>('memory-limit?respondWith=evidence');
    expect(result).toMatchObject({
      outcome: 'out of memory',
      errorCode: 'ERR_WORKER_OUT_OF_MEMORY',
      siblingResponded: true,
      pid: process.pid,
    });
    expect(result.heldBytes).toBeGreaterThan(0);
    expect(result.heldBytes).toBeLessThan(result.wantedBytes);
  });

  test('the same thread finishes below a higher limit', async () => {
    const small = await run<Limited>('memory-limit?megabytes=40&limit=16&respondWith=evidence');
    const large = await run<Limited>('memory-limit?megabytes=40&limit=128');
    expect(small.result.outcome).toBe('out of memory');
    expect(large.result).toMatchObject({ outcome: 'finished', errorCode: null });
    expect(large.lesson.text).toContain('within');
  });
});

describe('worker-threads/cancel', () => {
  test('a thread in an endless loop ends after the abort signal, and no thread is left', async () => {
    const { result } = await run<{ threadsAfter: number; ranMs: number; endedAfterMs: number }>('cancel');
    expect(result.ranMs).toBeGreaterThan(0);
    expect(result.endedAfterMs).toBeGreaterThan(0);
    expect(result.threadsAfter).toBe(0);
  });
});
