import { describe, expect, test } from '@jest/globals';
import { conclude } from '../../src/demos/v8/shapes.ts';
import { conclude as concludeTiers, type Result as Tiers } from '../../src/demos/v8/tiers.ts';
import { until } from '../support/program.ts';
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

test('small objects start in new space, survive one scavenge there, and are then promoted', async () => {
  interface Stages {
    readonly pieceBytes: number;
    readonly stages: readonly {
      readonly stage: string;
      readonly newSpaceBytes: number;
      readonly oldSpaceBytes: number;
    }[];
  }
  const { pieceBytes, stages } = await run<Stages>('heap?kind=small-objects&megabytes=2');
  const places = stages.map(({ newSpaceBytes, oldSpaceBytes }) =>
    newSpaceBytes > pieceBytes / 2 ? 'new' : oldSpaceBytes > pieceBytes / 2 ? 'old' : 'neither',
  );

  expect(places).toEqual(['new', 'new', 'old', 'old']);
});

describe('v8/gc', () => {
  interface Gc {
    readonly objects: number;
    readonly collections: number;
    readonly pausedMs: number;
    readonly pausedPer100MbMs: number;
    readonly survivedBytes: number;
    readonly longestPauseMs: number;
    readonly allocatedBytes: number;
  }

  test('pauses much longer for the same burst if a quarter of it stays reachable', async () => {
    // A pause is longer if the thread loses its CPU in it: then both are measured again.
    const [nothing, some] = await until('pauses that are much longer', async () => {
      const pair = [await run<Gc>('gc?keep=nothing'), await run<Gc>('gc?keep=some')] as const;
      return pair[1].pausedPer100MbMs > 2 * pair[0].pausedPer100MbMs ? pair : undefined;
    });

    expect(nothing.collections).toBeGreaterThan(0);
    expect(nothing.allocatedBytes).toBeGreaterThan(100e6);
    expect(nothing.survivedBytes).toBeLessThan(0.05 * nothing.allocatedBytes);
    expect(some.survivedBytes / some.allocatedBytes).toBeGreaterThan(0.2);
    expect(some.survivedBytes / some.allocatedBytes).toBeLessThan(0.3);
    expect(some.longestPauseMs).toBeLessThanOrEqual(some.pausedMs);
  });

  test('collects as often whatever ran before', async () => {
    const first = await run<Gc>('gc?keep=nothing&megabytes=100');
    await run<Gc>('gc?keep=some&megabytes=200');
    const second = await run<Gc>('gc?keep=nothing&megabytes=100');

    expect(first.collections).toBeGreaterThan(3);
    expect(Math.abs(second.collections - first.collections)).toBeLessThanOrEqual(1);
    expect(first.allocatedBytes / first.objects).toBeGreaterThan(8 * 8); // the array of eight doubles alone
    expect(second.allocatedBytes / first.allocatedBytes).toBeCloseTo(1, 1);
  });

  test('says whether a small burst was collected at all', async () => {
    const response = await service.client.get('/demos/v8/gc?megabytes=1&keep=nothing').expect(200);
    const { result, lesson } = response.body as { result: Gc; lesson: { headline: string; text: string } };

    if (result.collections === 0) expect(lesson.headline).toContain('did not run');
    else expect(lesson.text).toMatch(/paused the thread for/);
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

  test('the lesson names the step after four shapes only if the figures have it', () => {
    const rows = (...slower: readonly number[]) =>
      slower.map((timesSlower, index) => ({
        shapes: [1, 2, 4, 8, 64][index] ?? 0,
        nsPerObject: timesSlower,
        timesSlower,
        sum: 1,
      }));

    expect(conclude(rows(1, 1.6, 2, 5.3, 5.4))).toMatchObject({
      headline: 'More than four shapes made the loop at least 5.3× slower',
      text: expect.stringContaining('Two to four shapes (polymorphic) took up to 2.0× as long'),
    });
    expect(conclude(rows(1, 1.1, 1.2, 1.5, 1.6)).headline).toContain('does not show');
  });
});

describe('v8/tiers', () => {
  const nsOf = ({ rows }: Tiers, phase: string, tier: string) =>
    rows.find((row) => row.phase === phase && row.tier === tier)?.nsPerCall ?? NaN;

  /** The compilers run on threads of their own, which a busy machine may delay. */
  const optimized = (query: string) =>
    until('a function optimized by TurboFan', async () => {
      const result = await run<Tiers>(`tiers?${query}`);
      return result.rows.some(({ phase, tier }) => phase === 'before' && tier === 'TurboFan')
        ? result
        : undefined;
    });

  test('a function that is called often is optimized, and faster than interpreted', async () => {
    const result = await optimized('other=none');

    expect(result.rows[0]).toMatchObject({ phase: 'before', tier: 'interpreter' });
    expect(nsOf(result, 'before', 'interpreter')).toBeGreaterThan(3 * nsOf(result, 'before', 'TurboFan'));
    expect(result.afterOther).toBeNull();
    expect(result.rows.filter(({ phase }) => phase === 'after')).toMatchObject([{ tier: 'TurboFan' }]);
    expect(concludeTiers(result).headline).toMatch(
      /^TurboFan ran the function \S+× as fast as the interpreter$/,
    );
  });

  test('one call with text discards the optimized code', async () => {
    const result = await optimized('other=text');

    expect(['interpreter', 'baseline']).toContain(result.afterOther);
    expect(result.rows.some(({ phase, tier }) => phase === 'after' && tier !== 'TurboFan')).toBe(true);
    expect(concludeTiers(result).headline).toBe('One call with text discarded the code of TurboFan');
  });

  test('few calls are not optimized, and the lesson says so', async () => {
    const result = await run<Tiers>('tiers?other=text&calls=10');

    expect(concludeTiers(result).headline).toBe('This run does not tell: the function was not optimized');
  });
});
