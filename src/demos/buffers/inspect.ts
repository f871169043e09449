import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { demoRoute } from '../demo.ts';
import { bytes, count } from '../evidence/words.ts';
import { HEAD_BYTES, readDimensions, recognise } from './image.ts';

export const inspectRoute = demoRoute({
  method: 'post',
  path: '/inspect',
  summary: 'Looks at the first bytes of an upload: its type by magic number, and the size of a PNG.',
  teaches:
    'What a client calls a body is a claim; its first bytes are evidence. A buffer reads numbers in either byte order where they lie.',
  body: {
    mediaType: '*/*',
    maxBytes: 100_000_000,
    description: `Any bytes, of which only the first ${HEAD_BYTES} are kept`,
  },
  result: z.strictObject({
    bytes: z.number(),
    keptBytes: z.number(),
    firstBytesHex: z.string(),
    firstBytesText: z.string().describe('With a dot for what is not printable'),
    claimedType: z.string().nullable().describe('What Content-Type said'),
    foundType: z.string().nullable().describe('What the magic number says'),
    width: z.number().nullable(),
    height: z.number().nullable(),
  }),
  examples: [
    {
      title: 'The head of a PNG',
      stdin: "printf '\\211PNG\\r\\n\\032\\n\\000\\000\\000\\rIHDR\\000\\000\\002\\200\\000\\000\\001\\340'",
      headers: { 'Content-Type': 'image/png' },
      query: { as: 'text' },
    },
    {
      title: 'A PDF that claims to be a picture',
      stdin: "printf '%%PDF-1.7 and so on'",
      headers: { 'Content-Type': 'image/png' },
      query: { as: 'text' },
    },
  ],
  contrasts: ['streams/upload'],
  async run({ req, body }) {
    const { head, total } = await readHead(body);
    const claimedType = req.get('content-type') ?? null;
    const foundType = recognise(head)?.mediaType ?? null;
    const size = readDimensions(head, foundType ?? undefined);
    const result = {
      bytes: total,
      keptBytes: head.length,
      firstBytesHex: head.toString('hex', 0, 24),
      firstBytesText: head.toString('latin1', 0, 24).replace(/[^\x20-\x7e]/g, '.'),
      claimedType,
      foundType,
      width: size?.width ?? null,
      height: size?.height ?? null,
    };
    return { result, lesson: conclude(result) };
  },
});

/** Keeps the first bytes, counts the rest and lets it go. */
async function readHead(body: AsyncIterable<Buffer>) {
  const kept: Buffer[] = [];
  let total = 0;
  for await (const chunk of body) {
    // Copied: a view of a few bytes would keep its whole chunk.
    if (total < HEAD_BYTES) kept.push(Buffer.from(chunk.subarray(0, HEAD_BYTES - total)));
    total += chunk.length;
  }
  return { head: Buffer.concat(kept), total };
}

interface Inspected {
  readonly bytes: number;
  readonly keptBytes: number;
  readonly claimedType: string | null;
  readonly foundType: string | null;
  readonly width: number | null;
  readonly height: number | null;
}

function conclude({ bytes: total, keptBytes, claimedType, foundType, width, height }: Inspected): string {
  if (total === 0)
    return 'The body was empty: there is no first byte to look at, whatever Content-Type said.';
  const seen = `${count(keptBytes, 'byte')} of ${bytes(total)} were enough`;
  if (foundType === null)
    return `${seen} to see that this begins with no magic number known here; text, for one, has none.`;
  const size = width === null ? '' : ` of ${width} × ${height ?? 0} pixels`;
  const type = claimedType?.split(';')[0];
  const claim =
    type === foundType
      ? 'as its Content-Type claims'
      : type === undefined
        ? 'and no Content-Type claimed anything'
        : `though its Content-Type claims ${type}: believe the bytes`;
  return `${seen} to see ${foundType}${size}, ${claim}.`;
}
