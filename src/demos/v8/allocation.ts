import { setImmediate as nextIteration } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { median } from '../../shared/statistics.ts';

/** Objects to create before the event loop may run: a few milliseconds of work. */
const SLICE_OBJECTS = 10_000;
/** Objects per sample of the heap growth: far less than the young generation holds, so few samples see a collection. */
const SAMPLE_OBJECTS = 1_000;
/** The latest objects, which are always reachable. */
const RECENT = 16;

export interface Allocation {
  /** The median growth of the heap per object, times all objects. */
  readonly allocatedBytes: number;
  /** The objects that are still reachable. */
  readonly held: readonly object[];
}

/** Creates objects in slices, and keeps a share of them reachable. */
export async function allocateObjects(objects: number, share: number): Promise<Allocation> {
  const held: object[] = [];
  // Every object is reachable for a moment. Optimized code would not create one that is never used.
  const recent = new Array<object | undefined>(RECENT).fill(undefined);
  const samples: number[] = [];
  for (let made = 0; made < objects; made += SLICE_OBJECTS) {
    const slice = Math.min(SLICE_OBJECTS, objects - made);
    const kept = Math.floor(slice * share);
    let before = getHeapStatistics().used_heap_size;
    for (let i = 0; i < slice; i += 1) {
      const object = { id: made + i, values: [0.5, i, 2.5, i, 4.5, i, 6.5, i] };
      recent[i % RECENT] = object;
      if (i < kept) held.push(object);
      if ((i + 1) % SAMPLE_OBJECTS === 0) {
        const after = getHeapStatistics().used_heap_size;
        samples.push(after - before);
        before = after;
      }
    }
    await nextIteration();
  }
  // A collection within a sample shrinks its growth; the median is that of a sample without one.
  return { allocatedBytes: Math.round((median(samples) / SAMPLE_OBJECTS) * objects), held };
}
