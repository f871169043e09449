import type { Request, Response } from 'express';
import type { RequestListener } from 'node:http';
import { z } from 'zod';
import { createCompression } from '../../http/compression.ts';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { overLoopback } from '../evidence/loopback.ts';
import { exchange } from '../evidence/request.ts';
import { bytes, percent } from '../evidence/words.ts';
import { makeContent } from './content.ts';

/** The media types that are tried, by a short name. */
const mediaTypes = {
  json: 'application/json',
  text: 'text/plain; charset=utf-8',
  png: 'image/png',
  events: 'text/event-stream',
} as const;
type Kind = keyof typeof mediaTypes;

const MAX_THRESHOLD_BYTES = 65_536;

const trialSchema = z.strictObject({
  tried: z.string(),
  acceptEncoding: z.string(),
  contentEncoding: z.string(),
  bytes: z.number(),
  wireBytes: z.number(),
});
type Trial = z.infer<typeof trialSchema>;

export const negotiateRoute = demoRoute({
  method: 'get',
  path: '/negotiate',
  summary: 'What this client would get from the compression layer of this service, found out by asking it.',
  teaches:
    'The client says what it can read, the server chooses, and Vary tells caches so. Small answers are left alone: compressed they are hardly smaller and always dearer.',
  query: z.object({
    bytes: wholeNumber('Size of the answer', { min: 1, max: 1_000_000, default: 20_000 }),
    type: oneOf('What the answer is', ['json', 'text', 'png', 'events']),
  }),
  result: z.strictObject({
    acceptEncoding: z.string().describe('What this client sent'),
    chosen: z.string(),
    why: z.string(),
    thresholdBytes: z
      .number()
      .nullable()
      .describe('The smallest answer that was compressed; null where none is'),
    trials: z.array(trialSchema),
  }),
  examples: [
    {
      title: 'A client that reads br and gzip',
      headers: { 'Accept-Encoding': 'gzip, br' },
      query: { as: 'text' },
      curl: '--compressed',
    },
    {
      title: 'A client that reads nothing of it',
      headers: { 'Accept-Encoding': 'identity' },
      query: { as: 'text' },
    },
    {
      title: 'A picture',
      headers: { 'Accept-Encoding': 'gzip' },
      query: { type: 'png', as: 'text' },
      curl: '--compressed',
    },
  ],
  contrasts: ['compression/compare'],
  async run({ req, query, signal }) {
    const acceptEncoding = req.get('accept-encoding') ?? '';
    const { trials, thresholdBytes } = await overLoopback(throughLayer(), async (origin) => {
      const tryOne = async (tried: string, size: number, kind: Kind, accepted: string): Promise<Trial> => {
        const headers = accepted === '' ? {} : { 'Accept-Encoding': accepted };
        const answer = await exchange(`${origin}/${kind}/${size}`, { headers, signal });
        return {
          tried,
          acceptEncoding: accepted === '' ? 'none' : accepted.slice(0, 24),
          contentEncoding: answer.headers['content-encoding'] ?? 'identity',
          bytes: size,
          wireBytes: answer.body.length,
        };
      };
      const compresses = async (size: number) =>
        (await tryOne('', size, 'text', 'gzip')).contentEncoding !== 'identity';
      const threshold = await findThreshold(compresses);
      const own = await tryOne('as asked', query.bytes, query.type, acceptEncoding);
      const small = Math.max(1, (threshold ?? 2) - 1);
      return {
        thresholdBytes: threshold,
        trials: [
          own,
          await tryOne('any encoding accepted', query.bytes, query.type, 'br, gzip, deflate'),
          await tryOne('as asked, below the threshold', small, query.type, acceptEncoding),
          await tryOne('as asked, as text', query.bytes, 'text', acceptEncoding),
        ],
      };
    });
    const [own] = trials as [Trial];
    const why = explain(trials, thresholdBytes, query.type);
    return {
      result: {
        acceptEncoding: acceptEncoding === '' ? 'none' : acceptEncoding,
        chosen: own.contentEncoding,
        why,
        thresholdBytes,
        trials,
      },
      lesson:
        `This client would get ${bytes(own.bytes)} of ${query.type} as ${own.contentEncoding}, ${bytes(own.wireBytes)} on the wire ` +
        `(${percent(own.wireBytes / own.bytes)}): ${why}.`,
    };
  },
});

/** A server of which the compression layer of this service is the only layer: `/json/2000` are 2000 bytes of it. */
function throughLayer(): RequestListener {
  const layer = createCompression();
  return (req, res) => {
    const [, kind = 'text', size = '0'] = (req.url ?? '').split('/');
    // The layer uses nothing of Express's own.
    void layer(req as Request, res as Response, () => {
      res.setHeader('Content-Type', mediaTypes[kind as Kind]);
      res.setHeader('Content-Length', Number(size));
      res.end(makeContent('json', Number(size)));
    });
  };
}

/** The smallest size that is compressed, by halving; null where even a large one is not. */
export async function findThreshold(compresses: (size: number) => Promise<boolean>): Promise<number | null> {
  if (!(await compresses(MAX_THRESHOLD_BYTES))) return null;
  let [plain, compressed] = [0, MAX_THRESHOLD_BYTES];
  while (compressed - plain > 1) {
    const middle = Math.floor((plain + compressed) / 2);
    if (await compresses(middle)) compressed = middle;
    else plain = middle;
  }
  return compressed;
}

/** Finds the reason by what changes the outcome: another Accept-Encoding, another type, the size. */
function explain(trials: readonly Trial[], thresholdBytes: number | null, kind: Kind): string {
  const [own, anyEncoding, , asText] = trials as [Trial, Trial, Trial, Trial];
  if (own.contentEncoding !== 'identity')
    return 'the client accepts it, the type is worth it, and the size is above the threshold';
  if (thresholdBytes !== null && own.bytes < thresholdBytes)
    return `the answer is below the threshold of ${thresholdBytes} bytes`;
  if (asText.contentEncoding !== 'identity')
    return `the same as text would be compressed, but ${kind} is not`;
  if (anyEncoding.contentEncoding !== 'identity')
    return 'a client that accepts more would get it compressed, this one accepts nothing of it';
  return 'neither another encoding nor another type alone would change it';
}
