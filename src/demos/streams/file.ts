import { open, readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { z } from 'zod';
import { rawRoute, wholeNumber } from '../demo.ts';
import { bytes, ms, percent, portion } from '../evidence/words.ts';
import { sendStream } from '../work/send-stream.ts';
import { deliver, delivery, type Delivery } from './delivery.ts';

const binary = { mediaType: 'application/octet-stream', description: 'The file itself' } as const;
const fileQuery = z.object({
  bytes: wholeNumber('Size of the file', { min: 1, max: 400_000_000, default: 50_000_000 }),
});

export const fileRoutes = [
  rawRoute({
    method: 'get',
    path: '/file',
    summary: 'A large file, streamed; with as=json or as=text, what that took.',
    teaches:
      'Streaming takes the memory of a few chunks, whatever the size, and the first byte is there at once.',
    query: fileQuery,
    response: binary,
    examples: [
      { title: 'What it took', query: { as: 'text' } },
      {
        title: 'The file itself',
        query: { bytes: 64_000_000 },
        curl: "-o /dev/null -w '%{size_download} bytes\\n'",
      },
    ],
    contrasts: ['streams/file-buffered'],
    observed: delivery,
    async observe({ query, signal, timeline, tools }) {
      const result = await tools.scratch.lendFile(query.bytes, (path) =>
        deliver((res) => sendStreamed(path, res, signal), timeline, signal),
      );
      return { result, lesson: concludeDelivery(result, 'streamed') };
    },
    async send({ query, res, signal, tools }) {
      res.set({ 'Content-Type': binary.mediaType, 'Content-Length': String(query.bytes) });
      await tools.scratch.lendFile(query.bytes, (path) => sendStreamed(path, res, signal));
    },
  }),
  rawRoute({
    method: 'get',
    path: '/file-buffered',
    summary: 'The same file, read whole before the first byte is sent: the wrong way.',
    teaches:
      'Buffering takes as much memory as the file, for each client, and the first byte waits for the last.',
    query: fileQuery,
    response: binary,
    examples: [
      { title: 'What it took', query: { as: 'text' } },
      {
        title: 'The file itself',
        query: { bytes: 64_000_000 },
        curl: "-o /dev/null -w '%{size_download} bytes\\n'",
      },
    ],
    contrasts: ['streams/file'],
    observed: delivery,
    async observe({ query, signal, timeline, tools }) {
      const result = await tools.budgets.megabytes.use(Math.ceil(query.bytes / 1e6), signal, () =>
        tools.scratch.lendFile(query.bytes, (path) =>
          deliver((res) => sendBuffered(path, res, signal), timeline, signal),
        ),
      );
      return { result, lesson: concludeDelivery(result, 'read whole') };
    },
    async send({ query, res, signal, tools }) {
      res.set({ 'Content-Type': binary.mediaType, 'Content-Length': String(query.bytes) });
      await tools.budgets.megabytes.use(Math.ceil(query.bytes / 1e6), signal, () =>
        tools.scratch.lendFile(query.bytes, (path) => sendBuffered(path, res, signal)),
      );
    },
  }),
];

async function sendStreamed(path: string, res: ServerResponse, signal: AbortSignal): Promise<void> {
  // Opened first: a stream that is given up while it still opens its file fails later, when nobody listens any more.
  const file = await open(path);
  await sendStream(file.createReadStream(), res, signal);
}

async function sendBuffered(path: string, res: ServerResponse, signal: AbortSignal): Promise<void> {
  const whole = await readFile(path, { signal });
  await sendStream(Readable.from([whole]), res, signal);
}

export function concludeDelivery(result: Delivery, how: string): string {
  const share = result.peakMemoryBytes / result.bytes;
  return (
    `${bytes(result.bytes)}, ${how}, took at most ${bytes(result.peakMemoryBytes)} of memory (${portion(share, 'its size')}), and the first byte ` +
    `was there after ${ms(result.firstByteMs)}, ${percent(result.firstByteMs / result.lastByteMs)} of the time of the whole.`
  );
}
