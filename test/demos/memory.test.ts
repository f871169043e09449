import { describe, expect, test } from '@jest/globals';
import type { conclude } from '../../src/demos/memory/leak.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

type Result = Parameters<typeof conclude>[0];
interface Answer {
  readonly result: Result;
  readonly lesson: { readonly headline: string; readonly text: string };
}

async function run(query: string): Promise<Answer> {
  const response = await service.client.get(`/demos/memory/leak?${query}`).expect(200);
  return response.body as Answer;
}

describe('memory/leak', () => {
  test.each([
    ['closure', 'shutdownHooks: Set'],
    ['listener', 'bus: EventEmitter'],
    ['timer', 'timerListMap: Object'],
    ['cache', 'unboundedCache: Map'],
  ])('a %s keeps each request state, and the path names its holder', async (kind, holder) => {
    const { result, lesson } = await run(`kind=${kind}&requests=400`);
    const { leaking, repaired } = result;

    expect(leaking).toMatchObject({ left: 400, finalized: 0 });
    expect(leaking.grew).toContainEqual(expect.objectContaining({ constructor: 'RequestState', count: 400 }));
    expect(leaking.path[0]).toBe(holder);
    expect(leaking.path.at(-1)).toContain('RequestState');
    expect(leaking.heapGrewBytes).toBeGreaterThan(400 * 1024);
    expect(leaking.heapBytes).toEqual(leaking.heapBytes.toSorted((a, b) => a - b));
    expect(lesson.headline).toMatch(`held by ${holder}`);

    // The bounded cache keeps its last 50.
    expect(repaired.left).toBe(kind === 'cache' ? 50 : 0);
    expect(repaired.finalized).toBe(400 - repaired.left);
    expect(repaired.heapGrewBytes).toBeLessThan(leaking.heapGrewBytes / 2);
  });

  test('a handler that keeps nothing leaks nothing', async () => {
    const { result, lesson } = await run('kind=none');

    expect(result.leaking).toMatchObject({ left: 0, finalized: 500, grew: [], path: [] });
    expect(lesson.headline).toBe('No leak: 500 of 500 request states were collected');
  });

  test.each(['kind=global', 'requests=399', 'requests=2001'])('rejects %s with 400', async (query) => {
    await service.client.get(`/demos/memory/leak?${query}`).expect(400);
  });
});
