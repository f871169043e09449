import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { z } from 'zod';
import { rawRoute, wholeNumber } from '../demo.ts';
import { overLoopback } from '../evidence/loopback.ts';
import { exchange } from '../evidence/request.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { bytes, count } from '../evidence/words.ts';

const query = z.object({
  version: wholeNumber('The version of the document; another one is another document', {
    min: 1,
    max: 1_000_000,
    default: 1,
  }),
  maxAgeS: wholeNumber('How long a cache may use it unasked', { min: 0, max: 86_400, default: 0 }),
});
type Asked = z.output<typeof query>;

/** A document changes with its version only; this is when version 1 was written. */
const FIRST_WRITTEN = Date.UTC(2026, 0, 1);

const answer = z.strictObject({
  request: z.string(),
  status: z.number(),
  bodyBytes: z.number(),
  etag: z.string(),
  elapsedMs: z.number(),
});

export const cacheRoute = rawRoute({
  method: 'get',
  path: '/cache',
  summary:
    'A document with ETag, Last-Modified and Cache-Control: a client that has it gets a 304 without a body.',
  teaches:
    'Cache-Control says how long nobody needs to ask; after that an ETag lets a client ask whether anything changed, and pay for a body only if so.',
  query,
  response: { mediaType: 'text/plain', description: 'The document, or nothing with a 304' },
  examples: [
    { title: 'The first time', curl: '-i' },
    {
      title: 'Again, with its ETag',
      headers: { 'If-None-Match': etagOf(render({ version: 1 })) },
      curl: '-i',
      status: 304,
    },
    {
      title: 'Another version has another',
      headers: { 'If-None-Match': etagOf(render({ version: 1 })) },
      query: { version: 2 },
      curl: '-i',
    },
    { title: 'All of that in one table', query: { as: 'text' } },
  ],
  contrasts: ['streams/range', 'caching/lookup'],
  observed: z.strictObject({
    cacheControl: z.string(),
    exchanges: z.array(answer),
    savedBytes: z.number().describe('What the 304 answers did not have to send'),
  }),
  async observe({ query: asked, signal, timeline }) {
    const { cacheControl, exchanges } = await overLoopback(
      (req, res) => sendDocument(toAsked(req.url, asked), req.method, req.headers, res),
      async (origin) => {
        const rows: z.infer<typeof answer>[] = [];
        const ask = async (request: string, version: number, headers: Record<string, string>) => {
          const startMs = timeline.now();
          const {
            status,
            headers: answered,
            body,
          } = await exchange(`${origin}/${version}`, { headers, signal });
          const span = timeline.add(request, 'client', startMs, timeline.now());
          const elapsedMs = toMicroseconds(span.endMs - span.startMs);
          rows.push({ request, status, bodyBytes: body.length, etag: answered.etag ?? '', elapsedMs });
          return answered;
        };
        const first = await ask('without a condition', asked.version, {});
        await ask('If-None-Match, unchanged', asked.version, { 'If-None-Match': first.etag ?? '' });
        await ask('If-Modified-Since, unchanged', asked.version, {
          'If-Modified-Since': first['last-modified'] ?? '',
        });
        await ask('If-None-Match, changed', asked.version + 1, { 'If-None-Match': first.etag ?? '' });
        return { cacheControl: first['cache-control'] ?? '', exchanges: rows };
      },
    );
    const spared = exchanges.filter(({ status }) => status === 304);
    const savedBytes = spared.length * (exchanges[0]?.bodyBytes ?? 0);
    return {
      result: { cacheControl, exchanges, savedBytes },
      lesson:
        `Of ${count(exchanges.length, 'request')} ${spared.length} were answered 304 with ${bytes(spared.reduce((sum, { bodyBytes }) => sum + bodyBytes, 0))} of body, which saved ${bytes(savedBytes)}; ` +
        `the changed document came whole, with the status ${exchanges.at(-1)?.status ?? 0}.`,
    };
  },
  send({ query: asked, req, res }) {
    sendDocument(asked, req.method, req.headers, res);
  },
});

/** Answers by RFC 9110, section 13: `If-None-Match` first, and `If-Modified-Since` only without it. */
function sendDocument(
  asked: Asked,
  method: string | undefined,
  headers: IncomingHttpHeaders,
  res: ServerResponse,
): void {
  const body = render(asked);
  const etag = etagOf(body);
  const modified = new Date(FIRST_WRITTEN + (asked.version - 1) * 1_000);
  res.setHeader('ETag', etag);
  res.setHeader('Last-Modified', modified.toUTCString());
  res.setHeader(
    'Cache-Control',
    asked.maxAgeS === 0 ? 'private, no-cache' : `private, max-age=${asked.maxAgeS}`,
  );
  if (isFresh(headers, etag, modified)) {
    res.writeHead(304).end();
    return;
  }
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.setHeader('Content-Length', Buffer.byteLength(body));
  res.end(method === 'HEAD' ? undefined : body);
}

export function isFresh(headers: IncomingHttpHeaders, etag: string, modified: Date): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined) {
    // Compared weakly: for a GET it is enough that both mean the same.
    const wanted = tags.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    return wanted.includes('*') || wanted.includes(etag.replace(/^W\//, ''));
  }
  const since = Date.parse(headers['if-modified-since'] ?? '');
  return !Number.isNaN(since) && modified.getTime() <= since;
}

function render({ version }: Pick<Asked, 'version'>): string {
  return `This is version ${version}.\n`.repeat(20);
}

/** Weak, for the compression layer may send the same document in other bytes. */
function etagOf(body: string): string {
  return `W/"${createHash('sha256').update(body).digest('base64url').slice(0, 22)}"`;
}

function toAsked(url: string | undefined, asked: Asked): Asked {
  return { ...asked, version: Number(url?.slice(1)) };
}
