import { Buffer } from 'node:buffer';
import { StringDecoder } from 'node:string_decoder';
import { z } from 'zod';
import { textOf } from '../../shared/text.ts';
import { count } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber } from '../kit/demo.ts';

const waySchema = z.strictObject({
  way: z.string(),
  same: z.boolean().describe('Whether it returned the original text'),
  replacements: z.number().describe('Replacement characters (�) for invalid bytes'),
  text: z.string(),
});

export const textRoute = demoRoute({
  method: 'get',
  path: '/text',
  title: 'Decode text in chunks',
  summary: 'Splits the bytes of a text into chunks and decodes them in four ways.',
  teaches:
    'A chunk may end inside a character. `chunk.toString()` corrupts that character; a `StringDecoder` keeps its first ' +
    'bytes for the next chunk.',
  query: z.object({
    text: textOf(1, 1_000).default('Grüße aus 東京 🌸').describe('The text to split'),
    chunkBytes: wholeNumber('Bytes per chunk', { min: 1, max: 1_000, default: 4 }),
  }),
  result: z.strictObject({
    textBytes: z.number(),
    chunks: z.number(),
    cutCharacters: z.number().describe('Chunk boundaries inside a character'),
    ways: z.array(waySchema),
  }),
  examples: [
    { title: 'Chunks of four bytes', query: { as: 'text' } },
    { title: 'ASCII is never split', query: { text: 'plain text', chunkBytes: 3, as: 'text' } },
  ],
  contrasts: ['buffers/create', 'streams/transform'],
  run({ query: { text, chunkBytes } }) {
    const whole = Buffer.from(text);
    const chunks = Array.from({ length: Math.ceil(whole.length / chunkBytes) }, (_, index) =>
      whole.subarray(index * chunkBytes, (index + 1) * chunkBytes),
    );
    const compare = (way: string, decoded: string) => ({
      way,
      same: decoded === text,
      replacements: decoded.split('\uFFFD').length - text.split('\uFFFD').length,
      text: decoded,
    });
    const naive = compare('chunk.toString()', chunks.map((chunk) => chunk.toString()).join(''));
    const others = [
      compare('StringDecoder', decodeWithStringDecoder(chunks)),
      compare('TextDecoder, stream: true', decodeWithTextDecoder(chunks)),
      compare('Buffer.concat, then toString()', Buffer.concat(chunks).toString()),
    ];
    const cutCharacters = chunks.slice(1).filter(([first = 0]) => isContinuation(first)).length;
    const boundaries = count(chunks.length - 1, 'chunk boundary', 'chunk boundaries');
    return {
      result: { textBytes: whole.length, chunks: chunks.length, cutCharacters, ways: [naive, ...others] },
      lesson: naive.same
        ? {
            headline: `No character was split at ${boundaries}`,
            text: 'Even `chunk.toString()` returned the text. This bug stays hidden until a boundary falls inside a character.',
          }
        : {
            headline: `${cutCharacters} of ${boundaries} split a character`,
            text:
              `\`chunk.toString()\` produced ${count(naive.replacements, 'replacement character')}. ` +
              `${others.filter(({ same }) => same).length} of ${others.length} other ways returned the text.`,
          },
    };
  },
});

/** In UTF-8 all bytes of a character but the first have the form 10xxxxxx. */
function isContinuation(byte: number): boolean {
  return (byte & 0b1100_0000) === 0b1000_0000;
}

function decodeWithStringDecoder(chunks: readonly Buffer[]): string {
  const decoder = new StringDecoder('utf8');
  return chunks.map((chunk) => decoder.write(chunk)).join('') + decoder.end();
}

function decodeWithTextDecoder(chunks: readonly Buffer[]): string {
  const decoder = new TextDecoder();
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join('') + decoder.decode();
}
