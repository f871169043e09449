import { Buffer } from 'node:buffer';
import { z } from 'zod';
import { bytes } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';
import { detectMediaType, HEAD_BYTES, readDimensions } from './file-type.ts';

const resultSchema = z.strictObject({
  bytes: z.number(),
  keptBytes: z.number(),
  firstBytesHex: z.string(),
  firstBytesText: z.string().describe('Unprintable bytes as dots'),
  claimedType: z.string().nullable().describe('The Content-Type header'),
  foundType: z.string().nullable().describe('The type that the magic number identifies'),
  width: z.number().nullable(),
  height: z.number().nullable(),
});

export const inspectRoute = demoRoute({
  method: 'post',
  path: '/inspect',
  title: 'Identify an upload',
  summary: 'Identifies an upload by its magic number, and reads the dimensions of a PNG or GIF.',
  teaches:
    '`Content-Type` is a claim of the client. The first bytes identify the format, but only a full parse shows that the file is valid.',
  body: {
    mediaType: '*/*',
    maxBytes: 100_000_000,
    description: `Any bytes; only the first ${HEAD_BYTES} are kept`,
  },
  result: resultSchema,
  examples: [
    {
      title: 'The first bytes of a PNG',
      stdin: "printf '\\211PNG\\r\\n\\032\\n\\000\\000\\000\\rIHDR\\000\\000\\002\\200\\000\\000\\001\\340'",
      headers: { 'Content-Type': 'image/png' },
      query: { as: 'text' },
    },
    {
      title: 'A PDF that claims to be an image',
      stdin: "printf '%%PDF-1.7 and so on'",
      headers: { 'Content-Type': 'image/png' },
      query: { as: 'text' },
    },
  ],
  contrasts: ['streams/upload'],
  async run({ req, body }) {
    const { head, total } = await readHead(body);
    const foundType = detectMediaType(head) ?? null;
    const dimensions = readDimensions(head, foundType);
    const result = {
      bytes: total,
      keptBytes: head.length,
      firstBytesHex: head.toString('hex', 0, 24),
      firstBytesText: head.toString('latin1', 0, 24).replace(/[^\x20-\x7e]/g, '.'),
      claimedType: req.get('content-type') ?? null,
      foundType,
      width: dimensions?.width ?? null,
      height: dimensions?.height ?? null,
    };
    return { result, lesson: conclude(result) };
  },
});

/** Keeps the first bytes, and only counts the rest. */
async function readHead(body: AsyncIterable<Buffer>) {
  const kept: Buffer[] = [];
  let total = 0;
  for await (const chunk of body) {
    // Copied: a view of a few bytes would keep the whole chunk alive.
    if (total < HEAD_BYTES) kept.push(Buffer.from(chunk.subarray(0, HEAD_BYTES - total)));
    total += chunk.length;
  }
  return { head: Buffer.concat(kept), total };
}

function conclude({
  bytes: total,
  keptBytes,
  claimedType,
  foundType,
  ...size
}: z.infer<typeof resultSchema>) {
  if (total === 0) {
    return {
      headline: 'The body was empty',
      text: 'There is no first byte to inspect, whatever the Content-Type claims.',
    };
  }
  const inspected = `${bytes(keptBytes)} of ${bytes(total)} were inspected.`;
  if (foundType === null) {
    return {
      headline: 'The body begins with no known magic number',
      text: `${inspected} Some formats have none, such as plain text.`,
    };
  }
  const type = claimedType?.split(';')[0];
  const claim =
    type === foundType
      ? 'The Content-Type claims the same.'
      : type === undefined
        ? 'The request had no Content-Type.'
        : `The Content-Type claims ${type}: trust the bytes.`;
  return {
    headline: `The first bytes identify ${foundType}`,
    text: `${inspected} ${size.width === null ? '' : `The image has ${size.width} × ${size.height ?? 0} pixels. `}${claim}`,
  };
}
