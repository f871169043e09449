import { describe, expect, test } from '@jest/globals';
import type { Lesson } from '../../src/demos/kit/demo.ts';
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
