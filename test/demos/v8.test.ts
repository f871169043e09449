import { describe, expect, test } from '@jest/globals';
import { Program, until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<T>(path: string): Promise<T> {
  const response = await service.client.get(`/demos/v8/${path}`).expect(200);
  return (response.body as { readonly result: T }).result;
}

describe('v8/heap', () => {
  interface Heap {
    readonly grewMost: string;
    readonly allocatedBytes: number;
    readonly heapGrewBytes: number;
    readonly offHeapGrewBytes: number;
    readonly leftBytes: number;
  }

  test('grows old space with objects, large object space with arrays and off-heap memory with buffers', async () => {
    const objects = await run<Heap>('heap?kind=small-objects&megabytes=16');
    const arrays = await run<Heap>('heap?kind=large-arrays&megabytes=16');
    const buffers = await run<Heap>('heap?kind=buffers&megabytes=16');

    expect([objects.grewMost, arrays.grewMost, buffers.grewMost]).toEqual([
      'old_space',
      'large_object_space',
      'off-heap memory',
    ]);
    expect(objects.heapGrewBytes).toBeGreaterThan(10 * objects.offHeapGrewBytes);
    expect(buffers.offHeapGrewBytes).toBeGreaterThan(10 * buffers.heapGrewBytes);
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

  test('pauses much longer for the same burst if a quarter of it stays reachable', async () => {
    // A pause is longer if the thread loses its CPU in it: then both are measured again.
    const [nothing, some] = await until('pauses that are much longer', async () => {
      const pair = [await run<Gc>('gc?keep=nothing'), await run<Gc>('gc?keep=some')] as const;
      return pair[1].pausedMs > 2 * pair[0].pausedMs ? pair : undefined;
    });

    expect(nothing.collections).toBeGreaterThan(0);
    expect(nothing.allocatedBytes).toBeGreaterThan(100e6);
    expect(some.longestPauseMs).toBeLessThanOrEqual(some.pausedMs);
  });

  test('measures the same size per object with frequent and with rare collections', async () => {
    // A young generation smaller than what is allocated between two iterations of the event loop.
    await using program = await Program.start({ WORKERS: '0', NODE_OPTIONS: '--max-semi-space-size=1' });
    const response = await program.get('/demos/v8/gc?megabytes=100');
    const { result: frequent } = (await response.json()) as { result: Gc };
    const rare = await run<Gc>('gc?megabytes=100');
    const perObject = ({ allocatedBytes, objects }: Gc) => allocatedBytes / objects;

    expect(frequent.collections).toBeGreaterThan(2 * rare.collections);
    expect(perObject(rare)).toBeGreaterThan(8 * 8); // the array of eight doubles alone
    expect(perObject(frequent) / perObject(rare)).toBeGreaterThan(0.9);
    expect(perObject(frequent) / perObject(rare)).toBeLessThan(1.1);
  });

  test('says whether a small burst was collected at all', async () => {
    const response = await service.client.get('/demos/v8/gc?megabytes=1&keep=nothing').expect(200);
    const { result, lesson } = response.body as { result: Gc; lesson: { headline: string; text: string } };

    if (result.collections === 0) expect(lesson.headline).toContain('did not run');
    else expect(lesson.text).toMatch(/paused this worker for/);
  });
});

describe('v8/shapes', () => {
  interface Shapes {
    readonly rows: readonly { readonly shapes: number; readonly nsPerObject: number; readonly sum: number }[];
  }

  test('sums objects of many shapes more slowly than objects of one', async () => {
    const { rows } = await run<Shapes>('shapes');
    const [one] = rows;
    const many = rows.at(-1);

    expect(new Set(rows.map(({ sum }) => sum)).size).toBe(1);
    expect(one?.shapes).toBe(1);
    expect(many?.nsPerObject).toBeGreaterThan(1.5 * (one?.nsPerObject ?? Infinity));
  });
});
