/** Allocates memory of one kind in a heap of its own, and follows one piece of it through the spaces. */
import process from 'node:process';
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { collectGarbage } from '../kit/measure/collect-garbage.ts';

/** One allocation of each kind. */
const allocations = {
  'small-objects': {
    aboutBytes: 10_000 * 72,
    allocate: (): object => Array.from({ length: 10_000 }, (_, i) => ({ id: i, next: { value: i } })),
  },
  'large-arrays': { aboutBytes: 100_000 * 8, allocate: () => new Array<number>(100_000).fill(1.5) },
  buffers: { aboutBytes: 1_000_000, allocate: () => Buffer.alloc(1_000_000, 1) },
} as const;
export type Kind = keyof typeof allocations;

export interface HeapOptions {
  readonly kind: Kind;
  readonly megabytes: number;
}

/** Memory in use, in bytes. */
export interface Memory {
  readonly spaces: Readonly<Record<string, number>>;
  readonly heap: number;
  readonly offHeap: number;
}

export interface HeapReport {
  readonly pieces: number;
  /** Of one piece, on the heap and outside it. */
  readonly pieceBytes: number;
  /** The growth of each space by one piece, at each stage of its life. */
  readonly stages: readonly { readonly stage: string; readonly spaces: Readonly<Record<string, number>> }[];
  readonly before: Memory;
  readonly during: Memory;
  readonly after: Memory;
}

function readMemory(): Memory {
  const spaces = getHeapSpaceStatistics().map((space) => [space.space_name, space.space_used_size] as const);
  const { used_heap_size: heap } = getHeapStatistics();
  return { spaces: Object.fromEntries(spaces), heap, offHeap: process.memoryUsage().arrayBuffers };
}

function growth(since: Memory, now: Memory): Readonly<Record<string, number>> {
  return Object.fromEntries(
    Object.entries(now.spaces).map(([space, used]) => [space, used - (since.spaces[space] ?? 0)]),
  );
}

/** Follows one piece until a collection of the whole heap. */
function follow(allocate: () => object) {
  collectGarbage('major');
  const before = readMemory();
  const piece = allocate();
  const fresh = readMemory();
  const stages = [{ stage: 'fresh', spaces: growth(before, fresh) }];
  for (const stage of ['after one scavenge', 'after two scavenges', 'after mark-compact']) {
    collectGarbage(stage === 'after mark-compact' ? 'major' : 'minor');
    stages.push({ stage, spaces: growth(before, readMemory()) });
  }
  const pieceBytes = fresh.heap - before.heap + fresh.offHeap - before.offHeap;
  return { pieceBytes, stages, piece };
}

/** Holds all pieces, and reads the memory while it does. */
function hold(allocate: () => object, pieces: number): Memory {
  const held = Array.from({ length: pieces }, allocate);
  collectGarbage('major');
  const during = readMemory();
  held.length = 0;
  return during;
}

const { kind, megabytes } = workerData as HeapOptions;
const { aboutBytes, allocate } = allocations[kind];
const pieces = Math.ceil((megabytes * 1e6) / aboutBytes);

allocate(); // what V8 allocates once, such as the shapes of the objects
const { pieceBytes, stages } = follow(allocate);
collectGarbage('major');
const before = readMemory();
const during = hold(allocate, pieces);
collectGarbage('major');
const report: HeapReport = { pieces, pieceBytes, stages, before, during, after: readMemory() };
parentPort?.postMessage(report);
