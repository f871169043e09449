import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { concludeComparison, lessons } from '../../src/demos/cpu/lessons.ts';
import { createTestApp, type TestApp } from '../support/app.ts';

interface Job {
  readonly primes: number;
  readonly ranMs: number;
  readonly queuedMs: number;
  readonly startUpMs: number;
  readonly handOverMs: number;
  readonly elapsedMs: number;
  readonly memoryBytes: number;
  readonly slices?: number;
  readonly nextJobMs?: number;
  readonly eventLoop: { readonly maxDelayMs: number };
}

let service: TestApp;
beforeAll(async () => {
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } }); // these demos block on purpose
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function run(path: string): Promise<Job> {
  const response = await service.client.get(`/demos/cpu/${path}`).expect(200);
  return (response.body as { readonly result: Job }).result;
}

/** The share of the job's time that the event loop was held; the least of a few runs, for the machine is shared. */
async function heldShare(path: string): Promise<number> {
  const shares: number[] = [];
  for (let i = 0; i < 4; i += 1) {
    const { ranMs, eventLoop } = await run(path);
    shares.push(eventLoop.maxDelayMs / ranMs);
  }
  return Math.min(...shares);
}

describe('cpu', () => {
  test('inline holds the event loop for as long as the job runs; the thread pool does not', async () => {
    await run('thread-pool?limit=1000'); // the threads are started

    expect(await heldShare('inline')).toBeGreaterThan(0.5);
    expect(await heldShare('thread-pool')).toBeLessThan(0.5);
  });

  test('slices give others a turn, unless a slice is as long as the job', async () => {
    expect((await run('chunked?limit=50000&sliceMs=1000')).slices).toBe(1);
    expect((await run('chunked?sliceMs=5')).slices).toBeGreaterThan(2);
    expect(await heldShare('chunked?sliceMs=5')).toBeLessThan(0.5);
  });

  test('every place gives the same answer, and its times add up', async () => {
    for (const place of ['inline', 'chunked', 'thread', 'thread-pool', 'child', 'fork']) {
      const job = await run(`${place}?limit=100000`);
      const { queuedMs, startUpMs, ranMs, handOverMs } = job;
      expect(job.primes).toBe(9_592);
      expect(queuedMs + startUpMs + ranMs + handOverMs).toBeGreaterThan(0.8 * job.elapsedMs);
      expect(queuedMs + startUpMs + ranMs + handOverMs).toBeLessThan(1.2 * job.elapsedMs + 1);
    }
  });

  test('a thread is started anew each time, a pooled one is not', async () => {
    await run('thread-pool?limit=1000');
    const own = await run('thread?limit=1000');
    const pooled = await run('thread-pool?limit=1000');

    expect(own.startUpMs).toBeGreaterThan(pooled.startUpMs + pooled.queuedMs);
    expect(own.memoryBytes).toBeGreaterThan(1_000_000);
    expect(pooled.memoryBytes).toBe(0);
  });

  test('a child that stays takes its next job without a start-up', async () => {
    const fork = await run('fork?limit=1000');
    expect(fork.nextJobMs).toBeLessThan(fork.startUpMs);
  });

  test('compare shows every place once, with the same answer', async () => {
    const response = await service.client.get('/demos/cpu/compare?limit=50000').expect(200);
    const { result } = response.body as {
      result: { sameAnswers: boolean; places: { place: string; startUpMs: number }[] };
    };
    expect(result.sameAnswers).toBe(true);
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
  });

  test('a limit beyond the bounds is refused with the bounds', async () => {
    const response = await service.client.get('/demos/cpu/fork?limit=9000000').expect(400);
    expect(JSON.stringify(response.body)).toContain('must be a whole number from 1000 to 5000000');
  });
});

describe('the lessons of cpu', () => {
  const job = {
    primes: 10,
    ranMs: 100,
    queuedMs: 0,
    startUpMs: 0,
    handOverMs: 0,
    elapsedMs: 100,
    memoryBytes: 0,
    eventLoop: { ticks: 20, expectedTicks: 20, maxDelayMs: 1, meanDelayMs: 0.1 },
  };
  const held = { ...job.eventLoop, maxDelayMs: 98 };

  test('say so where the figures do not show the effect', () => {
    expect(lessons.inline({ ...job, eventLoop: held })).toContain('had to wait');
    expect(lessons.inline(job)).toContain('too short');
    expect(lessons.thread(job)).toContain('other requests went on');
    expect(lessons.thread({ ...job, eventLoop: held })).toContain('cores are all taken');
    expect(lessons.chunked({ ...job, slices: 1, eventLoop: held })).toContain('as it does inline');
    expect(lessons.chunked({ ...job, slices: 20 })).toContain('others had their turn');
    expect(lessons.fork({ ...job, startUpMs: 50, nextJobMs: 45 })).toContain('saved little');
  });

  test('find differing answers', () => {
    const row = { ...job, place: 'inline' as const, maxDelayMs: 90 };
    const thread = { ...row, place: 'thread' as const, maxDelayMs: 2 };
    expect(concludeComparison([row, thread])).toContain('All 2 counted 10 primes');
    expect(concludeComparison([row, { ...thread, primes: 11 }])).toContain('NOT count the same');
    expect(concludeComparison([row, { ...thread, maxDelayMs: 89 }])).toContain('too few free cores');
  });

  test('do not take a job that no timer felt for one that held nothing', () => {
    const inline = { ...job, place: 'inline' as const, ranMs: 0.8, maxDelayMs: 0 };
    const told = concludeComparison([inline, { ...inline, place: 'thread' as const }]);

    expect(told).toContain('inline ran only 800 µs on the event loop');
    expect(told).not.toMatch(/held the event loop|the calmest/);
  });
});
