import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { bytes, count, ms, percent, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber } from '../kit/demo.ts';
import { collectGarbage } from '../kit/measure/collect-garbage.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';

/** Written into memory that is then freed, to recognize it in later allocations. */
const PATTERN_BYTE = 0xa5;
/** Upper bound of what one run allocates each way. */
const MAX_TOTAL_BYTES = 8_000_000;

const waySchema = z.strictObject({
  way: z.enum(['alloc', 'allocUnsafe']),
  totalMs: z.number().describe('Time to allocate all buffers'),
  blocks: z.number().describe('Pieces of memory (ArrayBuffers) that the buffers are views of'),
  largestBlockBytes: z.number(),
  dirtyBuffers: z.number().describe('Buffers with a byte that is not zero'),
  dirtyBytes: z.number(),
  recognizedBytes: z.number().describe('Bytes of a pattern that was written into buffers freed before'),
});
type Way = z.infer<typeof waySchema>;

export const allocRoute = demoRoute({
  method: 'get',
  path: '/alloc',
  title: 'Zeroed or uninitialized memory',
  summary: 'Compares `alloc` with `allocUnsafe`: what zeroing costs and what it erases.',
  teaches:
    '`allocUnsafe` returns uninitialized memory, which may hold secrets of other requests. Use it only if every byte is ' +
    'written before any is read.',
  query: z.object({
    bytes: wholeNumber('Size of each buffer', { min: 1, max: 8_000_000, default: 32_768 }),
  }),
  result: z.strictObject({
    bytes: z.number(),
    buffers: z.number().describe('Buffers allocated each way'),
    ways: z.array(waySchema),
  }),
  examples: [
    { title: 'Both ways', query: { as: 'text' } },
    { title: 'Small buffers share a pool', query: { bytes: 100, as: 'text' } },
    { title: 'Large buffers', query: { bytes: 8_000_000, as: 'text' } },
  ],
  contrasts: ['buffers/views'],
  async run({ query, timeline, signal }) {
    const buffers = Math.max(1, Math.min(1_000, Math.floor(MAX_TOTAL_BYTES / query.bytes)));
    const measure = async (way: Way['way']) => {
      const live = await leavePattern(query.bytes, buffers, signal);
      const startMs = timeline.now();
      const { totalMs, allocated } = allocate(way, query.bytes, buffers, live);
      timeline.add(`${way} × ${buffers}`, 'event loop', startMs, startMs + totalMs);
      const blocks = new Set(allocated.map(({ buffer }) => buffer));
      const largestBlockBytes = Math.max(...[...blocks].map(({ byteLength }) => byteLength));
      return { way, totalMs, blocks: blocks.size, largestBlockBytes, ...countDirt(allocated) };
    };
    const safe = await measure('alloc');
    const unsafe = await measure('allocUnsafe');
    return {
      result: { bytes: query.bytes, buffers, ways: [safe, unsafe] },
      lesson: conclude(query.bytes, buffers, safe, unsafe),
    };
  },
});

/**
 * Writes a pattern into buffers of this size and frees most of them, as earlier requests would.
 *
 * @returns the buffers still in use: without any, the allocator would return all the memory to the system
 */
async function leavePattern(size: number, many: number, signal: AbortSignal): Promise<Buffer[]> {
  const live = fillAndFree(size, 2 * many);
  collectGarbage('major');
  await sleep(10, undefined, { signal }); // another thread frees the memory
  return live;
}

/** All exist at once, so that none reuses the memory of another. */
function fillAndFree(size: number, many: number): Buffer[] {
  const filled = Array.from({ length: many }, () => Buffer.allocUnsafe(size).fill(PATTERN_BYTE));
  const interval = Math.max(4, Math.ceil((4 * Buffer.poolSize) / size));
  return filled.filter((_, index) => index % interval === 0);
}

/** @param live stays in use until all are allocated */
function allocate(way: Way['way'], size: number, many: number, live: Buffer[]) {
  const allocated: Buffer[] = new Array<Buffer>(many);
  const startedAt = performance.now();
  for (let index = 0; index < many; index += 1) allocated[index] = Buffer[way](size);
  const totalMs = toMicroseconds(performance.now() - startedAt);
  live.length = 0;
  return { totalMs, allocated };
}

/** Counts bytes that are not zero. The bytes themselves never leave this function: they may be secret. */
function countDirt(buffers: readonly Buffer[]) {
  const zeros = Buffer.alloc(buffers[0]?.length ?? 0);
  const dirt = { dirtyBuffers: 0, dirtyBytes: 0, recognizedBytes: 0 };
  for (const buffer of buffers) {
    if (buffer.equals(zeros)) continue;
    dirt.dirtyBuffers += 1;
    // By index: the iterator of a buffer is ten times slower.
    for (let at = 0; at < buffer.length; at += 1) {
      const byte = buffer[at];
      if (byte !== 0) dirt.dirtyBytes += 1;
      if (byte === PATTERN_BYTE) dirt.recognizedBytes += 1;
    }
  }
  return dirt;
}

function conclude(size: number, many: number, safe: Way, unsafe: Way) {
  const ratio = safe.totalMs / Math.max(unsafe.totalMs, 1e-3);
  const buffers = count(many, 'buffer');
  const cost =
    `${buffers} of ${bytes(size)} took ${ms(safe.totalMs)} with alloc and ${ms(unsafe.totalMs)} with allocUnsafe: ` +
    `alloc was ${ratio > 1.2 ? `${times(ratio)} slower` : 'not slower this time'}.`;
  const shared = (way: Way) => way.blocks < many;
  const pool =
    many === 1
      ? ''
      : shared(unsafe) && !shared(safe)
        ? ` Those of allocUnsafe share ${count(unsafe.blocks, 'block')} of ${bytes(unsafe.largestBlockBytes)}, the pool of Node.js; each of alloc has its own.`
        : shared(safe)
          ? ' Even those of alloc share memory, which should be impossible.'
          : ' Each has memory of its own: only buffers below half of Buffer.poolSize come from the pool.';
  if (unsafe.dirtyBuffers === 0) {
    return {
      headline: `The ${buffers} of allocUnsafe happened to be clean`,
      text: `${cost}${pool} Memory that comes fresh from the system is zero, but allocUnsafe does not guarantee that.`,
    };
  }
  return {
    headline: `${unsafe.dirtyBuffers} of ${buffers} of allocUnsafe ${unsafe.dirtyBuffers === 1 ? 'was' : 'were'} dirty`,
    text:
      `${cost}${pool} ${percent(unsafe.recognizedBytes / (size * many))} of the bytes of allocUnsafe were the pattern of earlier ` +
      `buffers. alloc returned ${count(safe.dirtyBuffers, 'dirty buffer')}.`,
  };
}
