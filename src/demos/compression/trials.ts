/** Trial requests to the compression layer of this service. */
import express, { type Express } from 'express';
import { z } from 'zod';
import { createCompression } from '../../layers/compression.ts';
import { fetchResponse, overLoopback } from '../kit/measure/loopback.ts';
import { makeContent } from './content.ts';

export const kinds = ['json', 'text', 'png', 'events'] as const;
export type Kind = (typeof kinds)[number];

export const mediaTypes: Readonly<Record<Kind, string>> = {
  json: 'application/json',
  text: 'text/plain; charset=utf-8',
  png: 'image/png',
  events: 'text/event-stream',
};

const MAX_THRESHOLD_BYTES = 65_536;

export const trialSchema = z.strictObject({
  tried: z.string(),
  acceptEncoding: z.string(),
  contentEncoding: z.string(),
  bytes: z.number(),
  wireBytes: z.number().describe('Size of the body on the wire'),
});
type Trial = z.infer<typeof trialSchema>;
export type Trials = readonly [own: Trial, anyEncoding: Trial, small: Trial, asText: Trial];

/** Requests the response as the client would, and with one condition changed at a time. */
export function runTrials(size: number, kind: Kind, accepted: string, signal: AbortSignal) {
  return overLoopback(serveCompressed(), async (origin) => {
    const tryOne = async (tried: string, bytes: number, type: Kind, accept: string): Promise<Trial> => {
      const headers = accept === '' ? {} : { 'Accept-Encoding': accept };
      const response = await fetchResponse(`${origin}/${type}/${bytes}`, { headers, signal });
      return {
        tried,
        acceptEncoding: accept === '' ? 'none' : accept.slice(0, 24),
        contentEncoding: response.headers['content-encoding'] ?? 'identity',
        bytes,
        wireBytes: response.body.length,
      };
    };
    const thresholdBytes = await findThreshold(
      async (bytes) => (await tryOne('', bytes, 'text', 'gzip')).contentEncoding !== 'identity',
    );
    const small = Math.max(1, (thresholdBytes ?? 2) - 1);
    const trials: Trials = [
      await tryOne('as requested', size, kind, accepted),
      await tryOne('any encoding accepted', size, kind, 'br, gzip, deflate'),
      await tryOne('as requested, below the threshold', small, kind, accepted),
      await tryOne('as requested, as text', size, 'text', accepted),
    ];
    return { trials, thresholdBytes };
  });
}

/** An app whose only layer is the compression layer of this service: `/json/2000` returns 2000 bytes of JSON. */
function serveCompressed(): Express {
  return express()
    .use(createCompression())
    .use((req, res) => {
      const [, kind = 'text', size = '0'] = req.url.split('/');
      res.setHeader('Content-Type', mediaTypes[kind as Kind]);
      res.setHeader('Content-Length', Number(size));
      res.end(makeContent('json', Number(size)));
    });
}

/** Binary search. @returns the smallest size that is compressed, or null if even a large response is not */
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
