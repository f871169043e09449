import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { rawRoute, type DemoCall } from '../kit/demo.ts';
import { sendStream } from '../kit/send-stream.ts';
import { download, downloadHeaders, observeDownload, type Track } from './download.ts';

export const fileBuffered = rawRoute({
  ...download,
  path: '/file-buffered',
  title: 'Buffer a whole file',
  summary: 'Reads the whole file into memory before it sends the first byte: the wrong way.',
  teaches:
    'Buffering takes the memory of the whole file for each client, and the first byte waits until the last one is read.',
  contrasts: ['streams/file'],
  observe: (call) =>
    withBufferedFile(call, (path) =>
      observeDownload('Buffering', call, (res, track) => sendBuffered(path, res, call.signal, track)),
    ),
  async send(call) {
    call.res.set(downloadHeaders(call.query.bytes));
    await withBufferedFile(call, (path) => sendBuffered(path, call.res, call.signal));
  },
});

/** Reserves the memory for a file and creates it. */
function withBufferedFile<T>(
  { query, signal, resources }: DemoCall<unknown, { bytes: number }, unknown>,
  work: (path: string) => Promise<T>,
): Promise<T> {
  return resources.budgets.megabytes.use(Math.ceil(query.bytes / 1e6), signal, () =>
    resources.scratch.withFile(query.bytes, work),
  );
}

async function sendBuffered(
  path: string,
  res: ServerResponse,
  signal: AbortSignal,
  track?: Track,
): Promise<void> {
  const content = await readFile(path, { signal });
  track?.(() => content.length);
  await sendStream(Readable.from([content]), res, signal);
}
