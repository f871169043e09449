import { Buffer } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { bytes, count } from '../evidence/words.ts';

const ORIGINAL = 0x61;
const WRITTEN = 0x7a;

/** Ways to get four bytes of a buffer; `view` is `source.subarray(0, 4)`. */
const makers: readonly { readonly made: string; readonly make: (source: Buffer) => Uint8Array }[] = [
  { made: 'source.subarray(0, 4)', make: (source) => source.subarray(0, 4) },
  {
    made: 'new Uint8Array(source.buffer, offset, 4)',
    make: (source) => new Uint8Array(source.buffer, source.byteOffset, 4),
  },
  {
    made: 'Buffer.from(source.buffer, offset, 4)',
    make: (source) => Buffer.from(source.buffer, source.byteOffset, 4),
  },
  { made: 'Buffer.from(view)', make: (source) => Buffer.from(source.subarray(0, 4)) },
  { made: 'Buffer.concat([view])', make: (source) => Buffer.concat([source.subarray(0, 4)]) },
  {
    made: 'Uint8Array.prototype.slice.call(source, 0, 4)',
    make: (source) => Uint8Array.prototype.slice.call(source, 0, 4),
  },
  { made: 'structuredClone(view)', make: (source) => structuredClone(source.subarray(0, 4)) },
];

export const viewRoutes = [
  demoRoute({
    method: 'get',
    path: '/views',
    summary:
      'Seven ways to get a buffer from a buffer: which share its memory, and which copy. A write shows it.',
    teaches:
      'subarray shares memory: free, and a trap where one side writes or where ten bytes keep a megabyte alive. Buffer.from(buffer) copies.',
    query: z.object({
      bytes: wholeNumber('Size of the source', { min: 4, max: 10_000_000, default: 1_000_000 }),
    }),
    result: z.strictObject({
      sourceBytes: z.number(),
      ways: z.array(
        z.strictObject({
          made: z.string(),
          sawTheWrite: z.boolean().describe('Whether a byte written into the source afterwards is seen'),
          wroteBack: z.boolean().describe('Whether a byte written into it is seen in the source'),
          keepsAliveBytes: z.number().describe('Memory that cannot be freed while it lives'),
        }),
      ),
    }),
    examples: [{ title: 'Who shares with whom', query: { as: 'text' } }],
    contrasts: ['buffers/alloc'],
    run({ query }) {
      const ways = makers.map(({ made, make }) => ({ made, ...tryWriting(make, query.bytes) }));
      const shared = ways.filter(({ sawTheWrite }) => sawTheWrite);
      const held = Math.max(0, ...shared.map(({ keepsAliveBytes }) => keepsAliveBytes));
      const copied = ways
        .filter(({ sawTheWrite }) => !sawTheWrite)
        .map(({ keepsAliveBytes }) => keepsAliveBytes);
      return {
        result: { sourceBytes: query.bytes, ways },
        lesson:
          `A byte written into the source was seen through ${count(shared.length, 'way')} of ${ways.length}: these share its memory, ` +
          `and four bytes of such a view keep ${bytes(held)} alive; the other ${copied.length} copied, and keep ${bytes(Math.min(...copied))} to ${bytes(Math.max(...copied))}.`,
      };
    },
  }),
  demoRoute({
    method: 'get',
    path: '/text',
    summary:
      'A text cut into chunks between the bytes of a character: joined naively, and with a StringDecoder.',
    teaches:
      'A chunk may end inside a character. chunk.toString() breaks it; a StringDecoder keeps the rest for the next chunk.',
    query: z.object({
      text: z
        .string()
        .min(1, { error: 'must not be empty' })
        .max(1_000, { error: 'must be at most 1000 characters' })
        .default('Grüße aus 東京 🌸')
        .describe('The text to cut'),
      chunkBytes: wholeNumber('Bytes in a chunk', { min: 1, max: 1_000, default: 4 }),
    }),
    result: z.strictObject({
      textBytes: z.number(),
      chunks: z.number(),
      cutCharacters: z.number().describe('Chunk borders inside a character'),
      ways: z.array(
        z.strictObject({
          way: z.string(),
          same: z.boolean(),
          replacements: z.number().describe('Characters � where bytes made no sense'),
          text: z.string(),
        }),
      ),
    }),
    examples: [
      { title: 'Cut every four bytes', query: { as: 'text' } },
      { title: 'Nothing is cut in plain ASCII', query: { text: 'plain text', chunkBytes: 3, as: 'text' } },
    ],
    contrasts: ['buffers/create', 'streams/transform'],
    run({ query: { text, chunkBytes } }) {
      const whole = Buffer.from(text);
      const chunks = Array.from({ length: Math.ceil(whole.length / chunkBytes) }, (_, index) =>
        whole.subarray(index * chunkBytes, (index + 1) * chunkBytes),
      );
      const describe = (way: string, joined: string) => ({
        way,
        same: joined === text,
        replacements: joined.split('\uFFFD').length - text.split('\uFFFD').length,
        text: joined,
      });
      const naive = describe('chunk.toString()', joinNaively(chunks));
      const ways = [
        naive,
        describe('StringDecoder', joinDecoded(chunks)),
        describe('TextDecoder, stream: true', joinStreamed(chunks)),
        describe('Buffer.concat, then toString()', Buffer.concat(chunks).toString()),
      ];
      const cutCharacters = chunks.slice(1).filter(([first = 0]) => isContinuation(first)).length;
      const right = ways.filter(({ same }) => same).length;
      return {
        result: { textBytes: whole.length, chunks: chunks.length, cutCharacters, ways },
        lesson: naive.same
          ? `No character was cut at ${count(chunks.length - 1, 'border')}, so even the naive way gave the text back: such a fault hides until somebody writes an umlaut.`
          : `${cutCharacters} of ${count(chunks.length - 1, 'border')} cut a character: the naive way made ${count(naive.replacements, 'replacement character')} of them, while ${right} other ways gave the text back.`,
      };
    },
  }),
];

/** Makes one buffer of another, writes on each side, and looks on the other. */
function tryWriting(make: (source: Buffer) => Uint8Array, size: number) {
  // Of its own: a small one would otherwise share a pool with others.
  const source = Buffer.from(new ArrayBuffer(size)).fill(ORIGINAL);
  const made = make(source);
  source[0] = WRITTEN;
  const sawTheWrite = made[0] === WRITTEN;
  made[1] = WRITTEN;
  return { sawTheWrite, wroteBack: source[1] === WRITTEN, keepsAliveBytes: made.buffer.byteLength };
}

/** Bytes that continue a character in UTF-8 have the form 10xxxxxx. */
function isContinuation(byte: number): boolean {
  return (byte & 0b1100_0000) === 0b1000_0000;
}

function joinNaively(chunks: readonly Buffer[]): string {
  return chunks.map((chunk) => chunk.toString()).join('');
}

function joinDecoded(chunks: readonly Buffer[]): string {
  const decoder = new StringDecoder('utf8');
  return chunks.map((chunk) => decoder.write(chunk)).join('') + decoder.end();
}

function joinStreamed(chunks: readonly Buffer[]): string {
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
}
