import { describe, expect, test } from '@jest/globals';
import { Piscina } from 'piscina';
import { conclude as concludeChild } from '../../src/demos/cpu/child.ts';
import { conclude as concludeChunked } from '../../src/demos/cpu/chunked.ts';
import { conclude as concludeComparison } from '../../src/demos/cpu/compare.ts';
import { conclude as concludeFork } from '../../src/demos/cpu/fork.ts';
import { conclude as concludeInline } from '../../src/demos/cpu/inline.ts';
import { conclude as concludeThread } from '../../src/demos/cpu/thread.ts';
import { measureJob } from '../../src/demos/cpu/job-result.ts';
import { Timeline } from '../../src/demos/kit/measure/timeline.ts';
import type { DemoResources } from '../../src/demos/kit/resources/resources.ts';
import { useTestApp } from '../support/use-test-app.ts';

interface Job {
  readonly primes: number;
  readonly ranMs: number;
  readonly queuedMs: number;
  readonly startUpMs: number;
  readonly handOverMs: number;
  readonly elapsedMs: number;
  readonly heapBytes?: number;
  readonly privateBytes?: number;
  readonly callMs?: number;
  readonly slices?: number;
  readonly nextJobMs?: number;
  readonly eventLoop: { readonly maxDelayMs: number };
}

const service = await useTestApp();
const primesTask = new URL('../../src/demos/kit/primes/primes-task.ts', import.meta.url).href;

async function run(path: string): Promise<Job> {
  const response = await service.client.get(`/demos/cpu/${path}`).expect(200);
  return (response.body as { readonly result: Job }).result;
}

/** The share of the job during which the event loop was blocked: the lowest of a few runs, because the machine is shared. */
async function blockedShare(path: string): Promise<number> {
  const shares: number[] = [];
  for (let i = 0; i < 4; i += 1) {
    const { ranMs, eventLoop } = await run(path);
    shares.push(eventLoop.maxDelayMs / ranMs);
  }
  return Math.min(...shares);
}

describe('cpu', () => {
  test('inline blocks the event loop while the job runs, but the worker pool does not', async () => {
    await run('thread-pool?limit=1000'); // starts a thread

    expect(await blockedShare('inline')).toBeGreaterThan(0.5);
    expect(await blockedShare('thread-pool')).toBeLessThan(0.5);
  });

  test('slices leave the event loop free, unless a slice is as long as the job', async () => {
    expect((await run('chunked?limit=50000&sliceMs=1000')).slices).toBe(1);
    expect((await run('chunked?sliceMs=5')).slices).toBeGreaterThan(2);
    expect(await blockedShare('chunked?sliceMs=5')).toBeLessThan(0.5);
  });

  test('every place counts the same primes, and its times add up', async () => {
    for (const place of ['inline', 'chunked', 'thread', 'thread-pool', 'child', 'fork']) {
      const job = await run(`${place}?limit=100000`);
      const { queuedMs, startUpMs, ranMs, handOverMs } = job;
      expect(job.primes).toBe(9_592);
      expect(queuedMs + startUpMs + ranMs + handOverMs).toBeGreaterThan(0.8 * job.elapsedMs);
      expect(queuedMs + startUpMs + ranMs + handOverMs).toBeLessThan(1.2 * job.elapsedMs + 1);
    }
  });

  test('a new thread needs a startup each time, but a pooled one does not', async () => {
    await run('thread-pool?limit=1000');
    const own = await run('thread?limit=1000');
    const pooled = await run('thread-pool?limit=1000');

    expect(own.startUpMs).toBeGreaterThan(pooled.startUpMs + pooled.queuedMs);
    expect(own.heapBytes).toBeGreaterThan(1_000_000);
    expect(pooled.heapBytes).toBeUndefined();
  });

  test('a job that waits for the first thread of the pool books its start as startup, and only the rest as queueing', async () => {
    const pool = new Piscina({ filename: primesTask, minThreads: 0, maxThreads: 1 });
    const threads = { use: (_amount: number, _signal: AbortSignal, work: () => unknown) => work() };
    const resources = { pool: () => pool, budgets: { threads } } as unknown as DemoResources;
    const measure = () =>
      measureJob(
        'thread-pool',
        { limit: 400_000, sliceMs: 5, signal: new AbortController().signal, resources },
        new Timeline(),
      );
    try {
      const [first, second] = await Promise.all([measure(), measure()]);
      const third = await measure();

      expect(first.queuedMs).toBeLessThan(first.startUpMs);
      expect(second.startUpMs).toBeGreaterThan(first.startUpMs / 2);
      expect(second.queuedMs).toBeGreaterThan(first.ranMs / 2);
      expect(third.startUpMs).toBe(0);
    } finally {
      await pool.destroy();
    }
  });

  test('a running child takes its next job without a startup', async () => {
    const fork = await run('fork?limit=1000');
    expect(fork.nextJobMs).toBeLessThan(fork.startUpMs);
  });

  test('compare lists every place once, with the same count', async () => {
    const response = await service.client.get('/demos/cpu/compare?limit=50000').expect(200);
    const { result } = response.body as {
      result: { samePrimes: boolean; places: { place: string; startUpMs: number; privateBytes?: number }[] };
    };
    expect(result.samePrimes).toBe(true);
    expect(result.places.map(({ place }) => place)).toEqual([
      'inline',
      'chunked',
      'thread',
      'thread-pool',
      'child',
      'fork',
    ]);
    expect(result.places.filter(({ startUpMs }) => startUpMs > 0).map(({ place }) => place)).toEqual(
      expect.arrayContaining(['thread', 'child', 'fork']),
    );
    const [thread = 0, child = 0] = ['thread', 'child'].map(
      (name) => result.places.find(({ place }) => place === name)?.privateBytes,
    );
    expect(thread).toBeGreaterThan(1_000_000);
    expect(child / thread).toBeGreaterThan(0.2); // the same measure: neither is several times the other
    expect(child / thread).toBeLessThan(4);
  });

  test.each(['inline?limit=5000000'])(
    '%s blocks the event loop for about a second at most, or is rejected with 400',
    async (path) => {
      const response = await service.client.get(`/demos/cpu/${path}`);
      const { result, detail } = response.body as { result?: Job; detail?: string };

      if (response.status === 200) expect(result?.ranMs).toBeLessThan(3_000);
      else expect(detail).toMatch(/would block the event loop for about .*; at most 1000 ms is allowed/);
    },
  );

  test('rejects a limit out of bounds with 400 and names the bounds', async () => {
    const response = await service.client.get('/demos/cpu/fork?limit=9000000').expect(400);
    expect(JSON.stringify(response.body)).toContain('must be a whole number from 1000 to 5000000');
  });
});

describe('cpu lessons', () => {
  const job = {
    primes: 10,
    ranMs: 100,
    queuedMs: 0,
    startUpMs: 0,
    handOverMs: 0,
    elapsedMs: 100,
    eventLoop: { ticks: 20, expectedTicks: 20, maxDelayMs: 1, meanDelayMs: 0.1 },
  };
  const blocked = { ...job.eventLoop, maxDelayMs: 101 };

  test('say if the figures do not show the effect', () => {
    expect(concludeInline({ ...job, eventLoop: blocked }).text).toContain('had to wait');
    expect(concludeInline(job).text).toContain('too short');
    expect(concludeThread(job).text).toContain('free for other requests');
    expect(concludeThread({ ...job, eventLoop: blocked }).text).toContain('this run does not show why');
    expect(concludeChunked({ ...job, slices: 1, eventLoop: blocked }).text).toContain(
      'as an inline job does',
    );
    const free = { ...job.eventLoop, maxDelayMs: 0 };
    expect(concludeChunked({ ...job, slices: 1, eventLoop: free }).headline).toContain('too short');
    expect(concludeChunked({ ...job, slices: 20 }).text).toContain('ran between the slices');
    const late = { ...job.eventLoop, maxDelayMs: 1_047 };
    expect(concludeChunked({ ...job, ranMs: 5_000, slices: 5, eventLoop: late }).text).toContain(
      'as an inline job does',
    );
    expect(concludeChild({ ...job, callMs: 80, eventLoop: blocked }).text).toContain(
      '80.0 ms of it in the call that starts the process',
    );
    expect(concludeFork({ ...job, startUpMs: 50, nextJobMs: 45 }).text).toContain('saved little');
  });

  test('report places that count differently or cannot be distinguished', () => {
    const row = { ...job, place: 'inline' as const, maxDelayMs: 90 };
    const thread = { ...row, place: 'thread' as const, maxDelayMs: 2 };
    expect(concludeComparison([row, thread]).text).toContain('All 2 places counted 10 primes');
    expect(concludeComparison([row, { ...thread, primes: 11 }]).text).toContain('NOT count the same');
    expect(concludeComparison([row, { ...thread, maxDelayMs: 89 }]).text).toContain(
      'too few cores were free',
    );
  });

  test('do not claim that a job too short to delay a timer left the event loop free', () => {
    const inline = { ...job, place: 'inline' as const, ranMs: 0.8, maxDelayMs: 0 };
    const { text } = concludeComparison([inline, { ...inline, place: 'thread' as const }]);

    expect(text).toContain('Inline ran only 800 µs');
    expect(text).not.toMatch(/blocked the event loop|delay was lowest/);
  });
});
