import { open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { rawRoute } from '../kit/demo.ts';
import { sendStream } from '../kit/send-stream.ts';
import { download, downloadHeaders, observeDownload, type Track } from './download.ts';

export const file = rawRoute({
  ...download,
  path: '/file',
  title: 'Stream a file',
  summary:
    'Streams a large file. With `as=json` or `as=text` it counts what the server holds while a client stalls.',
  teaches:
    'Streaming takes the memory of a few chunks, whatever the file size, and sends the first chunk as soon as it is read. ' +
    'A client that stops reading stops the file.',
  contrasts: ['streams/file-buffered'],
  observe: (call) =>
    call.resources.scratch.withFile(call.query.bytes, (path) =>
      observeDownload('Streaming', call, (res, track) => sendFile(path, res, call.signal, track)),
    ),
  async send({ query, res, signal, resources }) {
    res.set(downloadHeaders(query.bytes));
    await resources.scratch.withFile(query.bytes, (path) => sendFile(path, res, signal));
  },
});

async function sendFile(
  path: string,
  res: ServerResponse,
  signal: AbortSignal,
  track?: Track,
): Promise<void> {
  // Opened first: a stream that is destroyed while it opens its file fails later, when nothing listens for errors.
  const handle = await open(path);
  const source = handle.createReadStream();
  track?.(() => source.bytesRead);
  await sendStream(source, res, signal);
}
