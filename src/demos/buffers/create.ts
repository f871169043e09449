import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { textOf } from '../../shared/text.ts';
import { count } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';

const encodings = ['utf8', 'utf16le', 'latin1', 'ascii', 'hex', 'base64', 'base64url'] as const;

const encodingSchema = z.strictObject({
  encoding: z.enum(encodings),
  fromTextBytes: z.number().describe('Length of Buffer.from(text, encoding)'),
  toStringCodeUnits: z.number().describe('Length of Buffer.from(text).toString(encoding)'),
  textSurvives: z
    .boolean()
    .describe('Whether Buffer.from(text, encoding).toString(encoding) is the text again'),
});

export const createRoute = demoRoute({
  method: 'get',
  path: '/create',
  title: 'Create buffers',
  summary: 'Creates buffers from text, numbers and a size, and one text in seven encodings.',
  teaches:
    'A string has UTF-16 code units, a buffer has bytes, and the encoding determines how many. latin1 and ascii cannot ' +
    'represent every character; with hex and base64, `Buffer.from` decodes the text instead.',
  query: z.object({
    text: textOf(0, 1_000).default('Grüße 世界 🌍').describe('The text to encode'),
  }),
  result: z.strictObject({
    text: z.string(),
    characters: z.number().describe('Characters as a reader counts them (grapheme clusters)'),
    codeUnits: z.number().describe('UTF-16 code units: text.length'),
    encodings: z.array(encodingSchema),
    fromNumbers: z.string().describe('Buffer.from([1, 256, -1, 65]) in hex: each number modulo 256'),
    fromSize: z.string().describe('Buffer.alloc(4) in hex: zeros'),
  }),
  examples: [
    { title: 'One text in every encoding', query: { as: 'text' } },
    { title: 'Accented letters', query: { text: 'naïve café' } },
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
    return {
      result: {
        text,
        characters,
        codeUnits: text.length,
        encodings: rows,
        fromNumbers: Buffer.from([1, 256, -1, 65]).toString('hex'),
        fromSize: Buffer.alloc(4).toString('hex'),
      },
      lesson: {
        headline: `${count(characters, 'character')} took ${count(utf8.length, 'byte')} in UTF-8`,
        text:
          `\`text.length\` is ${text.length}. The UTF-8 bytes took ${utf8.toString('hex').length} characters in hex and ` +
          `${utf8.toString('base64url').length} in base64url. ` +
          (lossy.length === 0
            ? 'Every encoding returned the text unchanged.'
            : `Buffers created with ${lossy.join(', ')} did not return the text unchanged.`),
      },
    };
  },
});
