import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { collectGarbage } from '../evidence/collect-garbage.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { bytes, count, ms, percent, times } from '../evidence/words.ts';

const encodings = ['utf8', 'utf16le', 'latin1', 'ascii', 'hex', 'base64', 'base64url'] as const;

/** Written into memory that is then given back, so that it is known again where it comes back dirty. */
const TRACE_BYTE = 0xa5;
/** What one run writes and allocates in all, at most. */
const MAX_TOTAL_BYTES = 8_000_000;

export const createRoutes = [
  demoRoute({
    method: 'get',
    path: '/create',
    summary: 'Buffers made from text, numbers and a size; one text in seven encodings.',
    teaches:
      'A string has characters, a buffer has bytes: how many, the encoding says. Some encodings lose characters.',
    query: z.object({
      text: z
        .string()
        .max(1_000, { error: 'must be at most 1000 characters' })
        .default('Grüße 世界 🌍')
        .describe('The text to encode'),
    }),
    result: z.strictObject({
      text: z.string(),
      characters: z.number().describe('As a reader counts them'),
      codeUnits: z.number().describe('What length counts'),
      encodings: z.array(
        z.strictObject({
          encoding: z.enum(encodings),
          fromTextBytes: z
            .number()
            .describe('Size of Buffer.from(text, encoding): of the text read as this encoding'),
          toStringCodeUnits: z
            .number()
            .describe(
              'Length of Buffer.from(text).toString(encoding): of its UTF-8 bytes written in this encoding',
            ),
          textSurvives: z.boolean().describe('Whether the text comes back from a buffer made with it'),
        }),
      ),
      fromNumbers: z.string().describe('Buffer.from([1, 256, -1, 65]) in hex: numbers are taken modulo 256'),
      fromSize: z.string().describe('Buffer.alloc(4) in hex: zeros'),
    }),
    examples: [
      { title: 'One text in all encodings', query: { as: 'text' } },
      { title: 'Your own', query: { text: 'naïve café' } },
    ],
    contrasts: ['buffers/text'],
    run({ query: { text } }) {
      const utf8 = Buffer.from(text, 'utf8');
      const rows = encodings.map((encoding) => ({
        encoding,
        fromTextBytes: Buffer.from(text, encoding).length,
        toStringCodeUnits: utf8.toString(encoding).length,
        textSurvives: Buffer.from(text, encoding).toString(encoding) === text,
      }));
      const lossy = rows.filter(({ textSurvives }) => !textSurvives).map(({ encoding }) => encoding);
      const characters = [...new Intl.Segmenter().segment(text)].length;
      const hex = utf8.toString('hex').length;
      const base64 = utf8.toString('base64url').length;
      return {
        result: {
          text,
          characters,
          codeUnits: text.length,
          encodings: rows,
          fromNumbers: Buffer.from([1, 256, -1, 65]).toString('hex'),
          fromSize: Buffer.alloc(4).toString('hex'),
        },
        lesson:
          `${count(characters, 'character')} (length says ${text.length}) take ${count(utf8.length, 'byte')} in UTF-8; ` +
          `written as hex these are ${hex} characters, as base64url ${base64}. ` +
          (lossy.length === 0
            ? 'Every encoding gave this text back.'
            : `Buffers made from the text with ${lossy.join(', ')} did not give it back.`),
      };
    },
  }),
  demoRoute({
    method: 'get',
    path: '/alloc',
    summary: 'alloc beside allocUnsafe: what zeroing costs, and what it hides.',
    teaches:
      'allocUnsafe hands over memory as it was left, perhaps with secrets of another request: use it only where every byte is written before any is read.',
    query: z.object({
      bytes: wholeNumber('Size of each buffer', { min: 1, max: 8_000_000, default: 32_768 }),
    }),
    result: z.strictObject({
      bytes: z.number(),
      buffers: z.number().describe('How many of that size were made each way'),
      ways: z.array(
        z.strictObject({
          way: z.enum(['alloc', 'allocUnsafe']),
          totalMs: z.number().describe('For all of them'),
          dirtyBuffers: z.number().describe('Buffers with a byte that is not zero'),
          dirtyBytes: z.number(),
          recognisedBytes: z
            .number()
            .describe('Bytes of a pattern that was written into buffers now given up'),
        }),
      ),
    }),
    examples: [
      { title: 'Both ways', query: { as: 'text' } },
      { title: 'Small ones come from a shared pool', query: { bytes: 100, as: 'text' } },
      { title: 'Large ones are fresh from the system', query: { bytes: 8_000_000, as: 'text' } },
    ],
    contrasts: ['buffers/views'],
    async run({ query, timeline, signal }) {
      const buffers = Math.max(4, Math.min(1_000, Math.floor(MAX_TOTAL_BYTES / query.bytes)));
      const measure = async (way: 'alloc' | 'allocUnsafe') => {
        const kept = await leaveTraces(query.bytes, buffers, signal);
        const startMs = timeline.now();
        const { totalMs, made } = allocate(way, query.bytes, buffers, kept);
        timeline.add(`${way} × ${buffers}`, 'event loop', startMs, startMs + totalMs);
        return { way, totalMs, ...findDirt(made) };
      };
      const ways = [await measure('alloc'), await measure('allocUnsafe')];
      return {
        result: { bytes: query.bytes, buffers, ways },
        lesson: concludeAlloc(query.bytes, buffers, ways),
      };
    },
  }),
];

/**
 * Writes a pattern into buffers of this size and gives most of them up, as earlier requests would have.
 *
 * @returns those that are still in use: without any, the allocator would give the whole memory back to the system
 */
async function leaveTraces(size: number, many: number, signal: AbortSignal): Promise<Buffer[]> {
  const kept = fillAndForget(size, 2 * many);
  collectGarbage('major');
  await sleep(10, undefined, { signal }); // their memory is given back by another thread
  return kept;
}

/** All at once, so that none is made of the memory of another. */
function fillAndForget(size: number, many: number): Buffer[] {
  const made = Array.from({ length: many }, () => Buffer.allocUnsafe(size).fill(TRACE_BYTE));
  const every = Math.max(4, Math.ceil((4 * Buffer.poolSize) / size));
  return made.filter((_, index) => index % every === 0);
}

/** @param kept is in use until all are made */
function allocate(way: 'alloc' | 'allocUnsafe', size: number, many: number, kept: Buffer[]) {
  const made: Buffer[] = new Array<Buffer>(many);
  const startedAt = performance.now();
  for (let index = 0; index < many; index += 1) made[index] = Buffer[way](size);
  const totalMs = toMicroseconds(performance.now() - startedAt);
  kept.length = 0;
  return { totalMs, made };
}

/** Counts what is not zero. What it is never leaves this function: it may be somebody's. */
function findDirt(made: readonly Buffer[]) {
  const zeros = Buffer.alloc(made[0]?.length ?? 0);
  const dirt = { dirtyBuffers: 0, dirtyBytes: 0, recognisedBytes: 0 };
  for (const buffer of made) {
    if (buffer.equals(zeros)) continue;
    dirt.dirtyBuffers += 1;
    for (const byte of buffer) {
      if (byte !== 0) dirt.dirtyBytes += 1;
      if (byte === TRACE_BYTE) dirt.recognisedBytes += 1;
    }
  }
  return dirt;
}

interface Way {
  readonly way: string;
  readonly totalMs: number;
  readonly dirtyBuffers: number;
  readonly dirtyBytes: number;
  readonly recognisedBytes: number;
}

function concludeAlloc(size: number, many: number, ways: readonly Way[]): string {
  const [safe, unsafe] = ways as readonly [Way, Way];
  const ratio = safe.totalMs / Math.max(unsafe.totalMs, 1e-3);
  const cost =
    ratio > 1.2
      ? `Zeroing made alloc ${times(ratio)} as dear (${ms(safe.totalMs)} against ${ms(unsafe.totalMs)} for ${many} of ${bytes(size)})`
      : `alloc was not dearer this time (${ms(safe.totalMs)} against ${ms(unsafe.totalMs)} for ${many} of ${bytes(size)})`;
  if (unsafe.dirtyBuffers === 0) {
    return `${cost}; all ${many} buffers of allocUnsafe happened to be clean, for this memory came fresh from the system: that is luck, not a promise.`;
  }
  const recognised = percent(unsafe.recognisedBytes / (size * many));
  return (
    `${cost}; ${count(safe.dirtyBuffers, 'buffer')} of alloc and ${unsafe.dirtyBuffers} of ${many} of allocUnsafe were dirty, ` +
    `and ${recognised} of the latter's bytes were the pattern that earlier buffers had left behind.`
  );
}
