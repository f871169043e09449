import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
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
  const response = await service.client.get(`/demos/events/${path}`).expect(200);
  return response.body as { result: Result; lesson: string };
}

describe('events/emit', () => {
  interface Emit {
    readonly ranBeforeEmitReturned: number;
    readonly ranAfterEmitReturned: number;
    readonly emissions: readonly { readonly emitMs: number; readonly order: readonly string[] }[];
  }

  test('listeners run in order and before emit returns, which their work holds up', async () => {
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
  }

  test('for await takes one event at a time; an async listener takes all at once', async () => {
    const { result } = await run<{ endedBy: string; ways: readonly [Way, Way] }>(
      'async-iteration?events=10&handleMs=20',
    );
    const [iterated, listened] = result.ways;

    expect(result.endedBy).toBe('AbortError');
    expect(iterated).toMatchObject({ received: 10, inOrder: true, maxAtOnce: 1, listenersLeft: 0 });
    expect(iterated.maxQueued).toBeGreaterThan(1);
    expect(listened).toMatchObject({ received: 10, listenersLeft: 0 });
    expect(listened.maxAtOnce).toBeGreaterThan(3);
    expect(iterated.elapsedMs).toBeGreaterThan(listened.elapsedMs);
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

  test('an error is heard by its listener, and thrown by emit where there is none', async () => {
    const { result } = await run<Errors>('error');

    expect(result.errors).toMatchObject([
      { heard: 'the disk is full', thrownByEmit: '' },
      // Jest's Error is not that of Node.js, which wraps what is none of its own.
      { heard: '', thrownByEmit: expect.stringContaining('the disk is full') },
      { heard: 'rejected in an async listener', thrownByEmit: '' },
    ]);
  });

  test('the eleventh listener causes a warning, unless the limit was raised', async () => {
    const { result, lesson } = await run<Errors>('error?listeners=11');

    expect(result.leaks[0]?.warning).toMatch(/^MaxListenersExceededWarning: .* 11 data listeners/);
    expect(result.leaks[1]).toMatchObject({ limit: 11, warning: '' });
    expect(lesson).toContain('11 listeners caused a warning');
  });

  test('ten listeners cause none', async () => {
    const { result, lesson } = await run<Errors>('error?listeners=10');

    expect(result.leaks[0]?.warning).toBe('');
    expect(lesson).toContain('10 listeners caused no warning');
  });
});
