import { Buffer, transcode } from 'node:buffer';
import { z } from 'zod';
import { textOf } from '../../shared/text.ts';
import { count } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';

/** More bytes do not fit into a line. */
const MAX_SHOWN = 10;

const step = z.strictObject({
  call: z.string(),
  before: z.string().describe('The bytes before the call, in hex; +7: and 7 more'),
  returned: z
    .string()
    .describe('What the call returned, the size of a returned buffer, or the name of the error'),
  after: z.string().describe('The bytes after it'),
});
type Step = z.infer<typeof step>;

const resultSchema = z.strictObject({
  text: z.string(),
  textBytes: z.number().describe('Buffer.byteLength(text)'),
  sizeBytes: z.number(),
  writtenBytes: z.number().describe('What write(text) returned'),
  steps: z.array(step),
  readAsBigEndian: z.number(),
  readAsLittleEndian: z.number(),
  lostInLatin1: z.number().describe('Characters that transcode() replaced by a question mark'),
  jsonBytes: z.number().describe('JSON.stringify(buffer), in bytes'),
  lengthAfterAll: z.number(),
});
type Result = z.infer<typeof resultSchema>;

export const methodsRoute = demoRoute({
  method: 'get',
  path: '/methods',
  title: 'Use the methods of a buffer',
  summary: 'Calls the methods of a buffer of fixed size, and shows its bytes before and after each call.',
  teaches:
    'A buffer never grows: write() stores the whole characters that fit and returns how many bytes that took, so check the ' +
    'return value. Numbers need an agreed byte order (endianness), and positions count bytes, not characters.',
  query: z.object({
    text: textOf(1, 16).default('naïve 🌍').describe('The text to write'),
    size: wholeNumber('Size of the buffer in bytes', { min: 4, max: 64, default: 10 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'A text that does not fit', query: { as: 'text' } },
    { title: 'A text that fits', query: { text: 'naïve', size: 16, as: 'text' } },
  ],
  contrasts: ['buffers/create', 'buffers/views', 'language/types'],
  run({ query: { text, size } }) {
    const result = callMethods(text, size);
    return { result, lesson: conclude(result) };
  },
});

function callMethods(text: string, size: number): Result {
  const steps: Step[] = [];
  /** @param of the buffer whose bytes are shown */
  const call = <T>(name: string, of: Buffer, action: () => T): T | undefined => {
    const before = hex(of);
    let returned: T | undefined;
    let shown: string;
    try {
      returned = action();
      shown = Buffer.isBuffer(returned) ? `${returned.length} bytes` : String(returned);
    } catch (error) {
      shown = (error as Error).name;
    }
    // A new buffer is the result; otherwise the call may have changed this one.
    const after = Buffer.isBuffer(returned) ? hex(returned) : hex(of);
    steps.push({ call: name, before, returned: shown, after });
    return returned;
  };

  const buffer = Buffer.alloc(size);
  const written = call('write(text)', buffer, () => buffer.write(text)) ?? 0;
  call(`fill('.', ${written})`, buffer, () => buffer.fill('.', written));
  const other = Buffer.alloc(6);
  call('copy(other, 1, 0, 3)', other, () => buffer.copy(other, 1, 0, 3));

  const equal = Buffer.from(buffer);
  const larger = Buffer.from(buffer);
  larger[size - 1] = 255;
  call('equals(its copy)', buffer, () => buffer.equals(equal));
  call('compare(larger)', buffer, () => buffer.compare(larger));
  const last = Array.from(text).at(-1) ?? '';
  call(`indexOf('${last}')`, buffer, () => buffer.indexOf(last));

  const number = Buffer.alloc(4);
  call('writeInt32BE(1)', number, () => number.writeInt32BE(1));
  const readAsBigEndian = call('readInt32BE()', number, () => number.readInt32BE()) ?? 0;
  const readAsLittleEndian = call('readInt32LE()', number, () => number.readInt32LE()) ?? 0;
  call('swap16()', number, () => number.swap16());
  const odd = Buffer.from([1, 2, 3]);
  call('swap16()', odd, () => odd.swap16());

  const utf8 = Buffer.from(text);
  const latin1 = call('transcode to latin1', utf8, () => transcode(utf8, 'utf8', 'latin1'));
  const json = JSON.stringify(buffer);
  call('toJSON().data.length', buffer, () => buffer.toJSON().data.length);
  call(`[${size}] = 65`, buffer, () => (buffer[size] = 65));
  call(`writeUInt8(65, ${size})`, buffer, () => buffer.writeUInt8(65, size));
  call('concat([this, odd])', buffer, () => Buffer.concat([buffer, odd]));
  return {
    text,
    textBytes: Buffer.byteLength(text),
    sizeBytes: size,
    writtenBytes: written,
    steps,
    readAsBigEndian,
    readAsLittleEndian,
    lostInLatin1: countOf(latin1?.toString('latin1') ?? '', '?') - countOf(text, '?'),
    jsonBytes: Buffer.byteLength(json),
    lengthAfterAll: buffer.length,
  };
}

/** Of many bytes, the first ones and how many more there are: "6e61c3af76652e2e+7". */
function hex(buffer: Buffer): string {
  if (buffer.length <= MAX_SHOWN) return buffer.toString('hex');
  return `${buffer.toString('hex', 0, MAX_SHOWN - 2)}+${buffer.length - MAX_SHOWN + 2}`;
}

function countOf(text: string, character: string): number {
  return text.split(character).length - 1;
}

export function conclude(result: Result): Lesson {
  const { textBytes, sizeBytes, writtenBytes, jsonBytes, lostInLatin1, lengthAfterAll } = result;
  const free = sizeBytes - writtenBytes;
  const fits = writtenBytes === textBytes;
  const cut =
    fits || free === 0
      ? ''
      : ` ${count(free, 'byte')} stayed free, because the next character needs more: write() stores no part of one.`;
  const lost =
    lostInLatin1 === 0
      ? ''
      : ` transcode() to latin1 lost ${count(lostInLatin1, 'character')} without an error.`;
  const grew =
    lengthAfterAll === sizeBytes
      ? `The buffer kept its ${count(sizeBytes, 'byte')} after every call`
      : `The buffer has ${count(lengthAfterAll, 'byte')} now`;
  return {
    headline: fits
      ? `write() stored all ${count(textBytes, 'byte')} of the text`
      : `write() stored ${writtenBytes} of ${count(textBytes, 'byte')}, without an error`,
    text:
      `Only its return value shows what was stored.${cut} ${grew}; as JSON it takes ${count(jsonBytes, 'byte')}. The same four bytes read ` +
      `${result.readAsBigEndian.toLocaleString('en')} as big-endian and ${result.readAsLittleEndian.toLocaleString('en')} as little-endian.${lost}`,
  };
}
