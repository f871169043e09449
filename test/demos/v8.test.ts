import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestApp, type TestApp } from '../support/app.ts';
import { Program, until } from '../support/program.ts';

let service: TestApp;
beforeAll(async () => {
  // What is measured here holds the event loop on purpose: the next request must not be shed for it.
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function run<T>(path: string): Promise<T> {
  const response = await service.client.get(`/demos/v8/${path}`).expect(200);
  return (response.body as { readonly result: T }).result;
}

describe('v8/heap', () => {
  interface Heap {
    readonly grewMost: string;
    readonly allocatedBytes: number;
    readonly heapGrewBytes: number;
    readonly besideHeapGrewBytes: number;
    readonly leftBytes: number;
  }

  test('objects, large arrays and buffers each grow another part of the memory', async () => {
    const objects = await run<Heap>('heap?kind=small-objects&megabytes=16');
    const arrays = await run<Heap>('heap?kind=large-arrays&megabytes=16');
    const buffers = await run<Heap>('heap?kind=buffers&megabytes=16');

    expect([objects.grewMost, arrays.grewMost, buffers.grewMost]).toEqual([
      'old_space',
      'large_object_space',
      'beside the heap',
    ]);
    expect(objects.heapGrewBytes).toBeGreaterThan(10 * objects.besideHeapGrewBytes);
    expect(buffers.besideHeapGrewBytes).toBeGreaterThan(10 * buffers.heapGrewBytes);
    for (const { leftBytes, allocatedBytes } of [objects, arrays, buffers]) {
      expect(leftBytes).toBeLessThan(allocatedBytes / 4);
    }
  });
});

describe('v8/gc', () => {
  interface Gc {
    readonly objects: number;
    readonly collections: number;
    readonly pausedMs: number;
    readonly longestPauseMs: number;
    readonly allocatedBytes: number;
  }

  test('the same burst pauses far longer where a quarter of it is kept', async () => {
    // A core that is taken away in a pause makes it longer: then both are measured again.
    const [nothing, some] = await until('pauses that are far longer', async () => {
      const pair = [await run<Gc>('gc?keep=nothing'), await run<Gc>('gc?keep=some')] as const;
      return pair[1].pausedMs > 2 * pair[0].pausedMs ? pair : undefined;
    });

    expect(nothing.collections).toBeGreaterThan(0);
    expect(nothing.allocatedBytes).toBeGreaterThan(100e6);
    expect(some.longestPauseMs).toBeLessThanOrEqual(some.pausedMs);
  });

  test('an object is found to take the same, whether collections are rare or come all the time', async () => {
    // A young space that is smaller than what is made between two turns of the event loop.
    await using program = await Program.start({ WORKERS: '0', NODE_OPTIONS: '--max-semi-space-size=1' });
    const response = await program.get('/demos/v8/gc?megabytes=100');
    const { result: often } = (await response.json()) as { result: Gc };
    const rarely = await run<Gc>('gc?megabytes=100');
    const perObject = ({ allocatedBytes, objects }: Gc) => allocatedBytes / objects;

    expect(often.collections).toBeGreaterThan(2 * rarely.collections);
    expect(perObject(rarely)).toBeGreaterThan(8 * 8); // for the array of eight doubles alone
    expect(perObject(often) / perObject(rarely)).toBeGreaterThan(0.9);
    expect(perObject(often) / perObject(rarely)).toBeLessThan(1.1);
  });

  test('a burst that is too small to be collected says so', async () => {
    const response = await service.client.get('/demos/v8/gc?megabytes=1&keep=nothing').expect(200);
    const { result, lesson } = response.body as { result: Gc; lesson: string };

    if (result.collections === 0) expect(lesson).toContain('the collector did not run');
    else expect(lesson).toMatch(/paused this worker for/);
  });
});

describe('v8/shapes', () => {
  interface Shapes {
    readonly rows: readonly { readonly shapes: number; readonly nsPerObject: number; readonly sum: number }[];
  }

  test('the same sum takes longer over objects of many shapes than over those of one', async () => {
    const { rows } = await run<Shapes>('shapes');
    const [one] = rows;
    const many = rows.at(-1);

    expect(new Set(rows.map(({ sum }) => sum)).size).toBe(1);
    expect(one?.shapes).toBe(1);
    expect(many?.nsPerObject).toBeGreaterThan(1.5 * (one?.nsPerObject ?? Infinity));
  });
});
