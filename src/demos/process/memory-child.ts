/**
 * Allocates memory of one kind and releases it. Prints the memory figures before, while it is held, and afterwards. In a
 * process of its own, because a long-running one reuses memory that was freed before: its resident set would not rise.
 */
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { collectGarbage } from '../kit/measure/collect-garbage.ts';

export interface MemoryReport {
  readonly takenBytes: number;
  readonly before: NodeJS.MemoryUsage;
  readonly held: NodeJS.MemoryUsage;
  readonly released: NodeJS.MemoryUsage;
}

const ARRAY_LENGTH = 4_096;
/** The size of a fractional number in an array. */
const NUMBER_BYTES = 8;
const BUFFER_BYTES = 1_000_000;

const [of = '', megabytes = '1'] = process.argv.slice(2);

function allocate(): unknown[] {
  if (of === 'objects') {
    const arrays = Math.round((Number(megabytes) * 1e6) / (ARRAY_LENGTH * NUMBER_BYTES));
    return Array.from({ length: arrays }, (_, i) => new Array<number>(ARRAY_LENGTH).fill(i + 0.5));
  }
  return Array.from({ length: Number(megabytes) }, () =>
    // The system provides the zeroed pages of an ArrayBuffer only when they are written to.
    of === 'untouched' ? new ArrayBuffer(BUFFER_BYTES) : Buffer.alloc(BUFFER_BYTES, 1),
  );
}

/** Only this function references the memory: it is garbage after the return. */
function hold() {
  const blocks = allocate();
  const blockBytes = of === 'objects' ? ARRAY_LENGTH * NUMBER_BYTES : BUFFER_BYTES;
  return { held: process.memoryUsage(), takenBytes: blocks.length * blockBytes };
}

collectGarbage('major');
const before = process.memoryUsage();
const { held, takenBytes } = hold();
collectGarbage('major');
await sleep(10); // the allocator returns pages shortly after the collection
const released = process.memoryUsage();
process.stdout.write(JSON.stringify({ takenBytes, before, held, released } satisfies MemoryReport));
