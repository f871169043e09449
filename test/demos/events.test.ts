import { describe, expect, test } from '@jest/globals';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<Result>(path: string): Promise<{ result: Result; lesson: Lesson }> {
  const response = await service.client.get(`/demos/events/${path}`).expect(200);
  return response.body as { result: Result; lesson: Lesson };
}

describe('events/emit', () => {
  interface Emit {
    readonly ranBeforeEmitReturned: number;
    readonly ranAfterEmitReturned: number;
    readonly emissions: readonly { readonly emitMs: number; readonly order: readonly string[] }[];
  }

  test('runs all listeners in order before emit returns, and emit takes as long as they do', async () => {
    const { result } = await run<Emit>('emit?busyMs=30');
    const [first, second] = result.emissions;

    expect(first?.order).toEqual([
      'prepended',
      'first',
      'once',
      'removes the next',
      'removed',
      'busy',
      'async: before its await',
      'emit returned',
      'async: after its await',
    ]);
    expect(second?.order).not.toContain('once');
    expect(second?.order).not.toContain('removed');
    expect(result).toMatchObject({ ranBeforeEmitReturned: 7, ranAfterEmitReturned: 0 });
    expect(first?.emitMs).toBeGreaterThanOrEqual(30);
  });
});

describe('events/async-iteration', () => {
  interface Way {
    readonly way: string;
    readonly received: number;
    readonly inOrder: boolean;
    readonly maxAtOnce: number;
    readonly maxQueued: number;
    readonly elapsedMs: number;
    readonly listenersLeft: number;
    readonly endedBy: string;
  }

  test('for await handles one event at a time, an async listener several', async () => {
    const { result, lesson } = await run<{ ways: readonly [Way, Way, Way, Way] }>(
      'async-iteration?events=20&handleMs=10',
    );
    const [plain, closed, paused, listened] = result.ways;

    for (const way of [plain, closed, paused]) {
      expect(way).toMatchObject({ received: 20, inOrder: true, maxAtOnce: 1, listenersLeft: 0 });
      expect(way.elapsedMs).toBeGreaterThan(listened.elapsedMs);
    }
    expect([plain, closed, paused].map(({ endedBy }) => endedBy)).toEqual([
      'AbortError',
      'end event',
      'end event',
    ]);
    expect(listened).toMatchObject({ received: 20, listenersLeft: 0 });
    expect(listened.maxAtOnce).toBeGreaterThan(3);
    expect(lesson.headline).toBe(`for await handled 1 at a time, an async listener ${listened.maxAtOnce}`);
  });

  test('highWaterMark pauses the emitter and bounds the queue', async () => {
    const { result, lesson } = await run<{ ways: readonly [Way, Way, Way, Way] }>(
      'async-iteration?events=40&handleMs=5',
    );
    const [plain, closed, paused] = result.ways;

    expect(paused.maxQueued).toBeLessThan(6);
    expect(plain.maxQueued).toBeGreaterThan(2 * paused.maxQueued);
    expect(closed.maxQueued).toBeGreaterThan(2 * paused.maxQueued);
    expect(lesson.text).toContain(`With highWaterMark at most ${paused.maxQueued} did`);
  });

  test('a single event shows nothing of the queue', async () => {
    const { lesson } = await run('async-iteration?events=1');

    expect(lesson.headline).toBe('Too few events to overlap in the async listener');
    expect(lesson.text).toContain('Too few events waited');
  });
});

describe('events/error', () => {
  interface Errors {
    readonly errors: readonly {
      readonly case: string;
      readonly heard: string;
      readonly thrownByEmit: string;
    }[];
    readonly leaks: readonly { readonly limit: number; readonly warning: string }[];
  }

  test('passes an error to its listener, and emit throws it without one', async () => {
    const { result } = await run<Errors>('error');

    expect(result.errors).toMatchObject([
      { heard: 'the disk is full', thrownByEmit: '' },
      // Jest runs tests in another realm: Node.js does not recognize its Error and wraps it.
      { heard: '', thrownByEmit: expect.stringContaining('the disk is full') },
      { heard: 'rejected in an async listener', thrownByEmit: '' },
    ]);
  });

  test('an eleventh listener causes a warning unless the limit is raised', async () => {
    const { result, lesson } = await run<Errors>('error?listeners=11');

    expect(result.leaks[0]?.warning).toMatch(/^MaxListenersExceededWarning: .* 11 data listeners/);
    expect(result.leaks[1]).toMatchObject({ limit: 11, warning: '' });
    expect(lesson.text).toContain('11 listeners caused a warning');
  });

  test('ten listeners cause no warning', async () => {
    const { result, lesson } = await run<Errors>('error?listeners=10');

    expect(result.leaks[0]?.warning).toBe('');
    expect(lesson.text).toContain('10 listeners caused no warning');
  });
});
