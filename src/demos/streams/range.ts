import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import type { IncomingHttpHeaders, ServerResponse } from 'node:http';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { rawRoute } from '../demo.ts';
import { overLoopback } from '../evidence/loopback.ts';
import { exchange } from '../evidence/request.ts';
import { count } from '../evidence/words.ts';
import { sendStream } from '../work/send-stream.ts';
import { planRange, type Entity } from './range-plan.ts';

/** 256 lines of 64 bytes; each begins with the number of its first byte. */
const file = new URL('./range.txt', import.meta.url);

const exchangeSchema = z.strictObject({
  request: z.string(),
  status: z.number(),
  contentRange: z.string().nullable(),
  bytes: z.number(),
});
type Exchange = z.infer<typeof exchangeSchema>;

export const rangeRoutes = [
  rawRoute({
    method: 'get',
    path: '/range',
    summary: 'A file of which a client may ask for a part: Range, If-Range, 206 and 416.',
    teaches:
      'A broken download goes on where it ended. If-Range makes sure that the rest belongs to what is there: where the file has changed, the whole comes.',
    response: { mediaType: 'text/plain', description: 'The file, or the part that was asked for' },
    examples: [
      { title: 'The third line', curl: '-i', headers: { Range: 'bytes=128-191' }, status: 206 },
      { title: 'The last line', headers: { Range: 'bytes=-64' }, status: 206 },
      { title: 'Beyond the end', headers: { Range: 'bytes=99999-' }, status: 416 },
      {
        title: 'A part of another version: the whole comes',
        headers: { Range: 'bytes=0-63', 'If-Range': '"another"' },
        curl: "-o /dev/null -w '%{http_code}, %{size_download} bytes\\n'",
      },
      { title: 'All cases in one table', query: { as: 'text' } },
    ],
    contrasts: ['streams/file', 'http/cache'],
    observed: z.strictObject({
      fileBytes: z.number(),
      exchanges: z.array(exchangeSchema),
      resumed: z.boolean().describe('Whether two parts, fetched apart, are together the file'),
    }),
    async observe({ signal, timeline }) {
      const result = await timeline.record('ask for parts', 'client', () => tryAll(signal));
      const statuses = (status: number) => result.exchanges.filter((one) => one.status === status).length;
      return {
        result,
        lesson:
          `Of ${count(result.exchanges.length, 'request')} ${statuses(206)} got a part, ${statuses(200)} the whole and ${statuses(416)} a 416; ` +
          `two parts fetched apart ${result.resumed ? 'were together the file, byte for byte' : 'did not make the file again'}.`,
      };
    },
    send: ({ req, res, signal }) => sendRange(req.headers, res, signal),
  }),
];

async function sendRange(
  headers: IncomingHttpHeaders,
  res: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const entity = await describeFile();
  const ifRange = headers['if-range'];
  const plan = planRange(entity, headers.range, typeof ifRange === 'string' ? ifRange : undefined);
  if (plan.status === 416) {
    throw new Problem('range-not-satisfiable', {
      detail: `The file has ${entity.size} bytes.`,
      headers: { 'Content-Range': `bytes */${entity.size}` },
    });
  }
  const { status, start, end } = plan;
  res.statusCode = status;
  res.setHeader('Content-Type', 'text/plain; charset=utf-8');
  res.setHeader('Accept-Ranges', 'bytes');
  res.setHeader('ETag', entity.etag);
  res.setHeader('Last-Modified', entity.lastModified);
  // Positions count bytes of the file: a compressed answer would have others.
  res.setHeader('Cache-Control', 'no-cache, no-transform');
  res.setHeader('Content-Length', end - start + 1);
  if (status === 206) res.setHeader('Content-Range', `bytes ${start}-${end}/${entity.size}`);
  await sendStream(createReadStream(file, { start, end }), res, signal);
}

async function describeFile(): Promise<Entity> {
  const { size, mtime } = await stat(file);
  return {
    size,
    etag: `"${size.toString(16)}-${mtime.getTime().toString(16)}"`,
    lastModified: mtime.toUTCString(),
  };
}

/** Asks for parts as a client would, over loopback. */
async function tryAll(signal: AbortSignal) {
  const content = await readFile(file);
  return overLoopback(
    (req, res) => void sendRange(req.headers, res, signal).catch((error: unknown) => fail(res, error)),
    async (origin) => {
      const exchanges: Exchange[] = [];
      const ask = async (request: string, headers: Record<string, string>) => {
        const { status, headers: answered, body } = await exchange(origin, { headers, signal });
        exchanges.push({
          request,
          status,
          contentRange: answered['content-range'] ?? null,
          bytes: body.length,
        });
        return { body, etag: answered.etag ?? '' };
      };
      const whole = await ask('no Range', {});
      const first = await ask('bytes=0-9999', { Range: 'bytes=0-9999' });
      const rest = await ask('bytes=10000-, If-Range the same version', {
        Range: 'bytes=10000-',
        'If-Range': whole.etag,
      });
      await ask('bytes=10000-, If-Range another version', { Range: 'bytes=10000-', 'If-Range': '"another"' });
      await ask('bytes=-64', { Range: 'bytes=-64' });
      await ask('bytes=99999-', { Range: 'bytes=99999-' });
      await ask('lines=1-2', { Range: 'lines=1-2' });
      const resumed = digest(Buffer.concat([first.body, rest.body])) === digest(content);
      return { fileBytes: content.length, exchanges, resumed };
    },
  );
}

function fail(res: ServerResponse, error: unknown): void {
  if (error instanceof Problem && !res.headersSent) res.writeHead(error.status, { ...error.headers }).end();
  else res.destroy();
}

function digest(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}
