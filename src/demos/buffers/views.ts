import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { bytes } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber } from '../kit/demo.ts';

const ORIGINAL = 0x61;
const WRITTEN = 0x7a;

type Make = (source: Buffer) => Uint8Array;

/** Ways to get the first four bytes of a buffer; `view` is `source.subarray(0, 4)`. */
const makers: Readonly<Record<string, Make>> = {
  'source.subarray(0, 4)': (source) => source.subarray(0, 4),
  'new Uint8Array(source.buffer, offset, 4)': (source) => new Uint8Array(source.buffer, source.byteOffset, 4),
  'Buffer.from(source.buffer, offset, 4)': (source) => Buffer.from(source.buffer, source.byteOffset, 4),
  'Buffer.from(view)': (source) => Buffer.from(source.subarray(0, 4)),
  'Buffer.concat([view])': (source) => Buffer.concat([source.subarray(0, 4)]),
  'Uint8Array.prototype.slice.call(source, 0, 4)': (source) => Uint8Array.prototype.slice.call(source, 0, 4),
  'structuredClone(view)': (source) => structuredClone(source.subarray(0, 4)),
};

const waySchema = z.strictObject({
  made: z.string().describe('The expression that creates it'),
  sawTheWrite: z.boolean().describe('Whether it sees a later write into the source'),
  wroteBack: z.boolean().describe('Whether the source sees a write into it'),
  keepsAliveBytes: z.number().describe('Memory that it keeps from being freed'),
});
type Way = z.infer<typeof waySchema>;

export const viewsRoute = demoRoute({
  method: 'get',
  path: '/views',
  title: 'Share or copy memory',
  summary: 'Takes four bytes of a buffer in seven ways, and writes to find out which ones share its memory.',
  teaches:
    '`subarray` shares memory: it copies nothing, but each side sees the writes of the other, and ten bytes can keep a ' +
    'megabyte alive. `Buffer.from(buffer)` copies.',
  query: z.object({
    bytes: wholeNumber('Size of the source', { min: 4, max: 10_000_000, default: 1_000_000 }),
  }),
  result: z.strictObject({ sourceBytes: z.number(), ways: z.array(waySchema) }),
  examples: [{ title: 'All seven ways', query: { as: 'text' } }],
  contrasts: ['buffers/alloc'],
  run({ query }) {
    const ways = Object.entries(makers).map(([made, make]) => ({ made, ...tryWriting(make, query.bytes) }));
    return { result: { sourceBytes: query.bytes, ways }, lesson: conclude(ways) };
  },
});

/** Writes into the source and into what was made of it, and reads each write on the other side. */
function tryWriting(make: Make, size: number) {
  // Not from the shared pool: `keepsAliveBytes` would be the size of the pool.
  const source = Buffer.from(new ArrayBuffer(size)).fill(ORIGINAL);
  const made = make(source);
  source[0] = WRITTEN;
  const sawTheWrite = made[0] === WRITTEN;
  made[1] = WRITTEN;
  return { sawTheWrite, wroteBack: source[1] === WRITTEN, keepsAliveBytes: made.buffer.byteLength };
}

function conclude(ways: readonly Way[]) {
  const { shared = [], copied = [] } = Object.groupBy(ways, ({ sawTheWrite }) =>
    sawTheWrite ? 'shared' : 'copied',
  );
  const sharedBytes = Math.max(0, ...shared.map(({ keepsAliveBytes }) => keepsAliveBytes));
  const [least, ...larger] = copied.toSorted((a, b) => a.keepsAliveBytes - b.keepsAliveBytes);
  const most = larger.at(-1) ?? least;
  return {
    headline: `${shared.length} of ${ways.length} ways share memory with the source`,
    text:
      `These saw a byte that was written into the source later, and each keeps ${bytes(sharedBytes)} alive. ` +
      `The other ${copied.length} are copies: they keep ${bytes(least?.keepsAliveBytes ?? 0)} to ` +
      `${bytes(most?.keepsAliveBytes ?? 0)} alive; \`${most?.made ?? ''}\` keeps the most.`,
  };
}
