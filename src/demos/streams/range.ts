import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { count } from '../kit/answer/units.ts';
import { rawRoute } from '../kit/demo.ts';
import { fetchResponse, overLoopback } from '../kit/measure/loopback.ts';
import { rangedFile, sendRange } from './ranged-file.ts';

const exchangeSchema = z.strictObject({
  request: z.string(),
  status: z.number(),
  contentRange: z.string().nullable(),
  bytes: z.number(),
});

export const range = rawRoute({
  method: 'get',
  path: '/range',
  title: 'Request byte ranges',
  summary: 'Serves a file of which a client may request a part: `Range`, `If-Range`, 206 and 416.',
  teaches:
    'A client can resume a broken download with `Range`. With `If-Range` it receives the rest only if the file is ' +
    'unchanged, and otherwise the whole file.',
  response: { mediaType: 'text/plain', description: 'The file, or the requested part' },
  examples: [
    { title: 'The third line', curl: '-i', headers: { Range: 'bytes=128-191' }, status: 206 },
    { title: 'The last line', headers: { Range: 'bytes=-64' }, status: 206 },
    { title: 'Beyond the end', headers: { Range: 'bytes=99999-' }, status: 416 },
    {
      title: 'Another version: the whole file',
      headers: { Range: 'bytes=0-63', 'If-Range': '"another"' },
      curl: "-o /dev/null -w '%{http_code}, %{size_download} bytes\\n'",
    },
    { title: 'All cases in one table', query: { as: 'text' } },
  ],
  contrasts: ['streams/file', 'http/cache'],
  observed: z.strictObject({
    fileBytes: z.number(),
    exchanges: z.array(exchangeSchema),
    resumed: z.boolean().describe('Whether two parts, fetched separately, make up the file'),
  }),
  async observe({ signal, timeline }) {
    const result = await timeline.record('request ranges', 'client', () => tryAll(signal));
    const { exchanges, resumed } = result;
    const countOf = (status: number) => exchanges.filter((one) => one.status === status).length;
    return {
      result,
      lesson: {
        headline: `Two parts, fetched separately, ${resumed ? 'make' : 'do not make'} up the file`,
        text:
          `Of ${count(exchanges.length, 'request')}, ${countOf(206)} received a part (206), ${countOf(200)} the whole file (200) ` +
          `and ${countOf(416)} a 416. Two parts, fetched separately, ${resumed ? 'equal the file byte for byte' : 'differ from the file'}.`,
      },
    };
  },
  send: ({ req, res, signal }) => sendRange(req, res, signal),
});

/** Requests ranges as a client, over loopback. */
async function tryAll(signal: AbortSignal) {
  const content = await readFile(rangedFile);
  return overLoopback(
    (req, res) => void sendRange(req, res, signal).catch((error: unknown) => fail(res, error)),
    async (origin) => {
      const exchanges: z.infer<typeof exchangeSchema>[] = [];
      const get = async (request: string, headers: Record<string, string>) => {
        const response = await fetchResponse(origin, { headers, signal });
        exchanges.push({
          request,
          status: response.status,
          contentRange: response.headers['content-range'] ?? null,
          bytes: response.body.length,
        });
        return response;
      };
      const whole = await get('no Range', {});
      const first = await get('bytes=0-9999', { Range: 'bytes=0-9999' });
      const rest = await get('bytes=10000-, If-Range same', {
        Range: 'bytes=10000-',
        'If-Range': whole.headers.etag ?? '',
      });
      await get('bytes=10000-, If-Range other', {
        Range: 'bytes=10000-',
        'If-Range': '"another"',
      });
      await get('bytes=-64', { Range: 'bytes=-64' });
      await get('bytes=99999-', { Range: 'bytes=99999-' });
      await get('lines=1-2', { Range: 'lines=1-2' });
      const resumed = Buffer.concat([first.body, rest.body]).equals(content);
      return { fileBytes: content.length, exchanges, resumed };
    },
  );
}

function fail(res: ServerResponse, error: unknown): void {
  if (error instanceof Problem && !res.headersSent) res.writeHead(error.status, { ...error.headers }).end();
  else res.destroy();
}
