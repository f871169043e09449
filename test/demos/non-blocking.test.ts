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
  const response = await service.client.get(`/demos/non-blocking/${path}`).expect(200);
  return response.body as { result: Result; lesson: string };
}

describe('non-blocking/read', () => {
  interface Read {
    readonly bytes: number;
    readonly content: string;
    readonly order: readonly string[];
    readonly callMs: number;
    readonly readMs: number;
    readonly heldMs: number;
    readonly ticks: number;
  }

  test.each(['callback', 'promise', 'await'])(
    '%s returns before the content comes, and the event loop goes on',
    async (style) => {
      const { result } = await run<Read>(`read?bytes=150000000&style=${style}`);

      expect(result.order).toEqual(['call', 'next statement', 'a timer', 'content']);
      expect(result.callMs).toBeLessThan(0.5 * result.readMs);
      expect(result.ticks).toBeGreaterThan(0);
      expect(result).toMatchObject({ bytes: 150_000_000, content: 'the first line of the file' });
    },
  );

  test('sync returns with the content, and the event loop is held all the time', async () => {
    const { result } = await run<Read>('read?bytes=150000000&style=sync');

    expect(result.order).toEqual(['call', 'content', 'next statement', 'a timer']);
    expect(result.heldMs).toBeGreaterThan(0.5 * result.readMs);
    expect(result.ticks).toBe(0);
    expect(result).toMatchObject({ bytes: 150_000_000, content: 'the first line of the file' });
  });

  test('an unknown style is refused by name', async () => {
    const response = await service.client.get('/demos/non-blocking/read?style=fast').expect(400);

    expect((response.body as { detail: string }).detail).toContain('callback, promise, await, sync');
  });
});

describe('non-blocking/together', () => {
  test('each way settles when it should, and leaves running what it should', async () => {
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
    // A wait is never shorter than asked for, so only a sum can be this long.
    expect(serial?.settledMs).toBeGreaterThan(0.95 * result.sumMs);
    expect(all?.settledMs).toBeLessThan(serial?.settledMs ?? 0);
  });
});
