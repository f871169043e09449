import { open } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { rawRoute } from '../kit/demo.ts';
import { sendStream } from '../kit/send-stream.ts';
import { deliver } from '../kit/measure/delivery.ts';
import { download, downloadHeaders, downloadLesson } from './download.ts';

export const file = rawRoute({
  ...download,
  path: '/file',
  title: 'Stream a file',
  summary: 'Streams a large file. With `as=json` or `as=text` it returns the time and memory this took.',
  teaches:
    'Streaming takes the memory of a few chunks, whatever the file size, and sends the first chunk as soon as it is read.',
  contrasts: ['streams/file-buffered'],
  async observe({ query, signal, timeline, resources }) {
    const result = await resources.scratch.withFile(query.bytes, (path) =>
      deliver((res) => sendFile(path, res, signal), timeline, signal),
    );
    return { result, lesson: downloadLesson('Streaming', result) };
  },
  async send({ query, res, signal, resources }) {
    res.set(downloadHeaders(query.bytes));
    await resources.scratch.withFile(query.bytes, (path) => sendFile(path, res, signal));
  },
});

async function sendFile(path: string, res: ServerResponse, signal: AbortSignal): Promise<void> {
  // Opened first: a stream that is destroyed while it opens its file fails later, when nothing listens for errors.
  const handle = await open(path);
  await sendStream(handle.createReadStream(), res, signal);
}
