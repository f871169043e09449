import { Buffer } from 'node:buffer';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { z } from 'zod';
import { bytes } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber } from '../kit/demo.ts';
import { collectGarbage } from '../kit/measure/collect-garbage.ts';

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
  keepsSource: z.boolean().describe('Whether a garbage collection left the source in memory for it'),
  keepsAliveBytes: z.number().describe('Size of its memory, all of which it keeps from being freed'),
  because: z
    .enum(['the source', 'the pool', 'a copy of the source', 'its own bytes'])
    .describe('What that memory is'),
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
  async run({ query }) {
    const tries = Object.entries(makers).map(([made, make]) => ({ made, ...tryWriting(make, query.bytes) }));
    await nextIteration(); // a WeakRef keeps its target until the current job ends
    collectGarbage('major');
    const ways = tries.map(({ copy, source, ...way }) => ({
      ...way,
      keepsSource: source.deref() !== undefined,
      keepsAliveBytes: copy.buffer.byteLength,
    }));
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
  return {
    sawTheWrite,
    wroteBack: source[1] === WRITTEN,
    because: explain(made, source),
    copy: made,
    source: new WeakRef(source.buffer),
  };
}

/** Finds out what the memory behind a view is, by its identity and its content. */
function explain(made: Uint8Array, source: Buffer): Way['because'] {
  if (made.buffer === source.buffer) return 'the source';
  if (made.buffer === poolOf()) return 'the pool';
  if (made.buffer.byteLength === made.length) return 'its own bytes';
  return 'a copy of the source';
}

/** The memory from which Node.js cuts small buffers now. */
function poolOf(): ArrayBufferLike {
  return Buffer.allocUnsafe(1).buffer;
}

const explanations: Readonly<Record<Way['because'], string>> = {
  'the source': '',
  'the pool': ': Node.js cuts small buffers from a pool that they share',
  'a copy of the source': ': it copies all the memory behind a view',
  'its own bytes': '',
};

function keepers(ways: readonly Way[]): string {
  return `${ways.filter(({ keepsSource }) => keepsSource).length} of ${ways.length}`;
}

function conclude(ways: readonly Way[]) {
  const { shared = [], copied = [] } = Object.groupBy(ways, ({ sawTheWrite }) =>
    sawTheWrite ? 'shared' : 'copied',
  );
  const sharedBytes = Math.max(0, ...shared.map(({ keepsAliveBytes }) => keepsAliveBytes));
  const reasons = Object.entries(Object.groupBy(copied, ({ because }) => because)).map(([because, group]) => {
    const names = group.map(({ made }) => `\`${made}\``).join(' and ');
    const sizes = [...new Set(group.map(({ keepsAliveBytes }) => bytes(keepsAliveBytes)))].join(' and ');
    return `${names} ${group.length === 1 ? 'keeps' : 'keep'} ${sizes}${explanations[because as Way['because']]}.`;
  });
  return {
    headline: `${shared.length} of ${ways.length} ways share memory with the source`,
    text:
      `These saw a byte that was written into the source later. A garbage collection left ${keepers(shared)} sources ` +
      `of them in memory, ${bytes(sharedBytes)} each for four bytes, and ${keepers(copied)} sources of copies. ${reasons.join(' ')}`,
  };
}
