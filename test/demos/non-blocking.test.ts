import { describe, expect, test } from '@jest/globals';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { conclude, type Result as Many } from '../../src/demos/non-blocking/many.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<Result>(path: string): Promise<{ result: Result; lesson: Lesson }> {
  const response = await service.client.get(`/demos/non-blocking/${path}`).expect(200);
  return response.body as { result: Result; lesson: Lesson };
}

describe('non-blocking/read', () => {
  interface Read {
    readonly bytes: number;
    readonly content: string;
    readonly order: readonly string[];
    readonly callMs: number;
    readonly readMs: number;
    readonly timerMaxDelayMs: number;
    readonly ticks: number;
  }

  test.each(['callback', 'promise', 'await'])(
    '%s returns before the content arrives, and the event loop keeps running',
    async (style) => {
      const { result } = await run<Read>(`read?bytes=150000000&style=${style}`);

      expect(result.order).toEqual(['call', 'next statement', 'a timer', 'content']);
      expect(result.callMs).toBeLessThan(0.5 * result.readMs);
      expect(result.ticks).toBeGreaterThan(0);
      expect(result).toMatchObject({ bytes: 150_000_000, content: 'the first line of the file' });
    },
  );

  test('sync returns with the content and blocks the event loop during the read', async () => {
    const { result } = await run<Read>('read?bytes=150000000&style=sync');

    expect(result.order).toEqual(['call', 'content', 'next statement', 'a timer']);
    expect(result.timerMaxDelayMs).toBeGreaterThan(0.5 * result.readMs);
    expect(result.ticks).toBe(0);
    expect(result).toMatchObject({ bytes: 150_000_000, content: 'the first line of the file' });
  });

  test('rejects an unknown style with 400 and lists the valid ones', async () => {
    const response = await service.client.get('/demos/non-blocking/read?style=fast').expect(400);

    expect((response.body as { detail: string }).detail).toContain('callback, promise, await, sync');
  });
});

describe('non-blocking/together', () => {
  test('each combinator settles with the expected outcome and leaves the expected waits running', async () => {
    const { result } = await run<{
      sumMs: number;
      ways: readonly { way: string; outcome: string; settledMs: number; stillWaiting: number }[];
    }>('together?stepMs=60');
    const [serial, all] = result.ways;

    expect(result.ways.map(({ outcome, stillWaiting }) => [outcome, stillWaiting])).toEqual([
      ['wait 1, wait 2, wait 3, wait 4', 0],
      ['wait 1, wait 2, wait 3, wait 4', 0],
      ['rejected: wait 2 failed', 3],
      ['wait 1, wait 2 failed, wait 3, wait 4', 0],
      ['wait 1', 2],
      ['wait 2', 3],
    ]);
    // Only waits in sequence take this long; a timer may fire up to a millisecond early.
    expect(serial?.settledMs).toBeGreaterThan(0.95 * result.sumMs);
    expect(all?.settledMs).toBeLessThan(serial?.settledMs ?? 0);
  });
});

describe('non-blocking/many', () => {
  test('forEach returns before anything is done, and refusals stay unhandled', async () => {
    const { result, lesson } = await run<Many>('many?way=forEach&calls=100&callMs=20');

    expect(result).toMatchObject({
      outcome: 'undefined',
      finishedAtReturn: 0,
      maxAtOnce: 100,
      served: 20,
      refused: 80,
      unhandledRejections: 80,
    });
    expect(lesson.headline).toBe('forEach returned with 0 of 100 calls finished');
    expect(lesson.text).toContain('80 rejections were unhandled');
  });

  test('Promise.all starts every call at once and loses all results to the first refusal', async () => {
    const { result, lesson } = await run<Many>('many?way=all&calls=100&callMs=20');

    expect(result).toMatchObject({
      outcome: 'rejected: too many calls',
      maxAtOnce: 100,
      served: 20,
      refused: 80,
      unhandledRejections: 0,
    });
    expect(result.finishedAtReturn).toBeLessThan(100);
    expect(lesson.headline).toBe('Promise.all sent 100 calls at once: 80 of 100 were refused');
  });

  test('a limit serves all calls in less time than one call at a time', async () => {
    const { result: limited, lesson } = await run<Many>('many?way=limited&calls=100&callMs=5');
    const { result: sequential, lesson: slow } = await run<Many>('many?way=sequential&calls=100&callMs=5');
    const all = { outcome: '100 results', finishedAtReturn: 100, served: 100, refused: 0 };

    expect(limited).toMatchObject({ ...all, maxAtOnce: 20 });
    expect(sequential).toMatchObject({ ...all, maxAtOnce: 1 });
    expect(limited.settledMs).toBeLessThan(0.5 * sequential.settledMs);
    expect(lesson.headline).toMatch(/^The limit served all 100 calls in /);
    expect(slow.text).toContain('No call overlapped another');
  });

  test('a limit over what the dependency takes is no protection', async () => {
    const { result, lesson } = await run<Many>('many?way=limited&limit=30&calls=100');

    expect(result).toMatchObject({ maxAtOnce: 30, refused: 10 });
    expect(lesson.headline).toBe('The limit sent 30 calls at once: 10 of 100 were refused');
  });

  test.each(['all', 'limited', 'sequential'])(
    'a single call does not tell anything about way=%s',
    async (way) => {
      const { lesson } = await run<Many>(`many?way=${way}&calls=1`);

      expect(lesson.headline).toBe('This run does not tell: the dependency takes 1 call at once');
    },
  );

  test('rejects a list that would take too long with 400', async () => {
    await service.client.get('/demos/non-blocking/many?way=sequential&calls=1000&callMs=50').expect(400);
  });

  test('the lesson on forEach follows the rejections', () => {
    const result: Many = {
      way: 'forEach',
      calls: 5,
      takesAtOnce: 20,
      maxAtOnce: 5,
      outcome: 'undefined',
      returnedMs: 1,
      finishedAtReturn: 0,
      settledMs: 6,
      served: 5,
      refused: 0,
      unhandledRejections: 0,
    };

    expect(conclude(result).text).toContain('No rejection was unhandled');
    expect(conclude({ ...result, unhandledRejections: 1 }).text).toContain('1 rejection was unhandled');
  });
});
