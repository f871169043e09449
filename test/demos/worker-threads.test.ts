import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestApp, type TestApp } from '../support/app.ts';

let service: TestApp;
beforeAll(async () => {
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } }); // these demos block on purpose
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function run<T>(path: string): Promise<{ readonly result: T; readonly lesson: string }> {
  const response = await service.client.get(`/demos/worker-threads/${path}`).expect(200);
  return response.body as { result: T; lesson: string };
}

describe('worker-threads/messages', () => {
  interface Messages {
    readonly meanPostMs: number;
    readonly bytesHereAfterPost: number;
    readonly changeSeenHere: boolean;
  }

  test('a clone costs by size, a transfer leaves nothing behind, a shared buffer is seen from both sides', async () => {
    const size = 'bytes=64000000&rounds=3';
    const { result: clone } = await run<Messages>(`messages?way=clone&${size}`);
    const { result: transfer } = await run<Messages>(`messages?way=transfer&${size}`);
    const { result: shared } = await run<Messages>(`messages?way=shared&${size}`);

    expect(clone.meanPostMs).toBeGreaterThan(3 * transfer.meanPostMs);
    expect(clone.meanPostMs).toBeGreaterThan(3 * shared.meanPostMs);
    expect(clone).toMatchObject({ bytesHereAfterPost: 64_000_000, changeSeenHere: false });
    expect(transfer.bytesHereAfterPost).toBe(0);
    expect(shared).toMatchObject({ bytesHereAfterPost: 64_000_000, changeSeenHere: true });
  });
});

describe('worker-threads/start-up', () => {
  test('a job with a new thread takes several times as long as one that finds its thread there', async () => {
    const { result } = await run<{ ways: { way: string; primes: number; meanMs: number }[] }>(
      'start-up?count=5',
    );
    const [fresh, pooled] = result.ways;
    expect(result.ways.map(({ way }) => way)).toEqual(['new', 'pooled']);
    expect(fresh?.primes).toBe(168);
    expect(pooled?.primes).toBe(168);
    expect(fresh?.meanMs).toBeGreaterThan(3 * (pooled?.meanMs ?? Infinity));
  });

  test('more jobs than the bound are refused', async () => {
    await service.client.get('/demos/worker-threads/start-up?count=51').expect(400);
  });
});

describe('worker-threads/memory-limit', () => {
  interface Limited {
    readonly outcome: string;
    readonly heldBytes: number;
    readonly wantedBytes: number;
    readonly errorCode: string | null;
    readonly siblingAnswered: boolean;
    readonly pid: number;
  }

  test('a thread that outgrows its heap is a problem of its request only', async () => {
    const response = await service.client.get('/demos/worker-threads/memory-limit').expect(507);
    expect(response.body).toMatchObject({ code: 'out-of-memory', status: 507 });
    expect((response.body as { detail: string }).detail).toContain('another thread of it still answered');

    await service.client.get('/livez').expect(200);
  });

  test('it ends alone, before it has what it wanted, and its sibling goes on', async () => {
    const { result } = await run<Limited>('memory-limit?answer=evidence');
    expect(result).toMatchObject({
      outcome: 'ended alone',
      errorCode: 'ERR_WORKER_OUT_OF_MEMORY',
      siblingAnswered: true,
      pid: process.pid,
    });
    expect(result.heldBytes).toBeGreaterThan(0);
    expect(result.heldBytes).toBeLessThan(result.wantedBytes);
  });

  test('the limit decides: the same thread finishes below it', async () => {
    const small = await run<Limited>('memory-limit?megabytes=40&limit=16&answer=evidence');
    const large = await run<Limited>('memory-limit?megabytes=40&limit=128');
    expect(small.result.outcome).toBe('ended alone');
    expect(large.result).toMatchObject({ outcome: 'finished', errorCode: null });
    expect(large.lesson).toContain('within');
  });
});

describe('worker-threads/cancel', () => {
  test('a busy loop, which would never end, is over after the signal, and no thread is left', async () => {
    const { result } = await run<{ threadsAfter: number; ranMs: number; endedAfterMs: number }>('cancel');
    expect(result.ranMs).toBeGreaterThan(0);
    expect(result.endedAfterMs).toBeGreaterThan(0);
    expect(result.threadsAfter).toBe(0);
  });
});
