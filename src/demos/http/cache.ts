import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { z } from 'zod';
import { sendNotModified } from '../../http/preconditions.ts';
import { bytes, count } from '../kit/answer/units.ts';
import { rawRoute, wholeNumber } from '../kit/demo.ts';
import { fetchResponse, overLoopback } from '../kit/measure/loopback.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';

/** When version 1 was written; each later version is a second younger. */
const FIRST_WRITTEN = Date.UTC(2026, 0, 1);

const query = z.object({
  version: wholeNumber('Version of the document', { min: 1, max: 1_000_000, default: 1 }),
  maxAgeS: wholeNumber('Seconds that a cache may reuse it without asking', {
    min: 0,
    max: 86_400,
    default: 0,
  }),
});
type Query = z.output<typeof query>;

const exchangeSchema = z.strictObject({
  request: z.string(),
  status: z.number(),
  bodyBytes: z.number(),
  etag: z.string(),
  elapsedMs: z.number(),
});
type Exchange = z.infer<typeof exchangeSchema>;

export const cacheRoute = rawRoute({
  method: 'get',
  path: '/cache',
  title: 'Conditional requests',
  summary: 'Sends a document with `ETag` and `Last-Modified`, or a 304 if the client already has it.',
  teaches:
    '`Cache-Control: max-age` lets a cache reuse a response without asking. After that, the client asks with the `ETag` ' +
    'whether the document changed, and receives a body only if it did.',
  query,
  response: { mediaType: 'text/plain', description: 'The document, or a 304 without a body' },
  examples: [
    { title: 'First request', curl: '-i' },
    {
      title: 'Revalidate an unchanged document',
      headers: { 'If-None-Match': etagOf(render(1)) },
      curl: '-i',
      status: 304,
    },
    {
      title: 'Revalidate a changed document',
      headers: { 'If-None-Match': etagOf(render(1)) },
      query: { version: 2 },
      curl: '-i',
    },
    { title: 'All requests in one table', query: { as: 'text' } },
  ],
  contrasts: ['streams/range', 'caching/lookup'],
  observed: z.strictObject({
    cacheControl: z.string(),
    exchanges: z.array(exchangeSchema),
    savedBytes: z.number().describe('Body bytes that the 304 responses saved'),
  }),
  async observe({ query: { version, maxAgeS }, signal, timeline }) {
    const { cacheControl, exchanges } = await overLoopback(
      (req, res) => sendDocument({ version: Number(req.url?.slice(1)), maxAgeS }, req, res),
      (origin) => revalidate(origin, version, signal, timeline),
    );
    const notModified = exchanges.filter(({ status }) => status === 304);
    const sentBytes = notModified.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0);
    const savedBytes = notModified.length * (exchanges[0]?.bodyBytes ?? 0);
    const changed = exchanges.at(-1);
    return {
      result: { cacheControl, exchanges, savedBytes },
      lesson: {
        headline: `${notModified.length} of ${count(exchanges.length, 'response')} were 304 and saved ${bytes(savedBytes)}`,
        text:
          `The 304 responses had ${bytes(sentBytes)} of body. ` +
          `The changed document came with status ${changed?.status ?? 0} and ${bytes(changed?.bodyBytes ?? 0)}.`,
      },
    };
  },
  send({ query: document, req, res }) {
    sendDocument(document, req, res);
  },
});

/** Requests the document, revalidates it in both ways, and revalidates it after a change. */
async function revalidate(origin: string, version: number, signal: AbortSignal, timeline: Timeline) {
  const exchanges: Exchange[] = [];
  const request = async (name: string, path: number, headers: Record<string, string>) => {
    const end = timeline.begin(name, 'client');
    const response = await fetchResponse(`${origin}/${path}`, { headers, signal });
    const { startMs, endMs } = end();
    exchanges.push({
      request: name,
      status: response.status,
      bodyBytes: response.body.length,
      etag: response.headers.etag ?? '',
      elapsedMs: toMicroseconds(endMs - startMs),
    });
    return response.headers;
  };
  const first = await request('without a condition', version, {});
  const ifNoneMatch = { 'If-None-Match': first.etag ?? '' };
  await request('If-None-Match, unchanged', version, ifNoneMatch);
  await request('If-Modified-Since, unchanged', version, {
    'If-Modified-Since': first['last-modified'] ?? '',
  });
  await request('If-None-Match, changed', version + 1, ifNoneMatch);
  return { cacheControl: first['cache-control'] ?? '', exchanges };
}

function sendDocument({ version, maxAgeS }: Query, req: IncomingMessage, res: ServerResponse): void {
  const body = render(version);
  res.setHeader('ETag', etagOf(body));
  res.setHeader('Last-Modified', new Date(FIRST_WRITTEN + (version - 1) * 1_000).toUTCString());
  res.setHeader('Cache-Control', maxAgeS === 0 ? 'private, no-cache' : `private, max-age=${maxAgeS}`);
  if (sendNotModified(req, res)) return;
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.end(req.method === 'HEAD' ? undefined : body);
}

function render(version: number): string {
  return `This is version ${version}.\n`.repeat(20);
}

/** Weak, because the compression layer may send the same document as other bytes. */
function etagOf(body: string): string {
  return `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
}
