/** What `/file` and `/file-buffered` share. */
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { bytes, ms, percent } from '../kit/answer/units.ts';
import { wholeNumber, type DemoCall, type Lesson, type Observation } from '../kit/demo.ts';
import { deliverStalled, stalledDelivery } from '../kit/measure/stalled-delivery.ts';

/** Less than this may be on its way in buffers, whatever the server does. */
const TELLING_BYTES = 1_000_000;

const observed = stalledDelivery.extend({
  heldBytes: z
    .number()
    .describe('What the server had read of the file and the stalled client had not: it was in memory'),
});
type Observed = z.infer<typeof observed>;

const query = z.object({
  bytes: wholeNumber('Size of the file', { min: 1, max: 400_000_000, default: 50_000_000 }),
});

export const download = {
  method: 'get',
  query,
  response: { mediaType: 'application/octet-stream', description: 'The file' },
  examples: [
    { title: 'Time and memory', query: { as: 'text' } },
    {
      title: 'The file',
      query: { bytes: 64_000_000 },
      curl: "-o /dev/null -w '%{size_download} bytes\\n'",
    },
  ],
  observed,
} as const;

export function downloadHeaders(size: number): Record<string, string> {
  return { 'Content-Type': download.response.mediaType, 'Content-Length': String(size) };
}

/** Is given a function that returns how many bytes of the file have been read so far. */
export type Track = (readBytes: () => number) => void;

/**
 * Sends a file to a client that stalls, and counts what the server reads in that time.
 *
 * @param how "Streaming" or "Buffering"
 */
export async function observeDownload(
  how: string,
  { query: { bytes: size }, timeline, signal }: DemoCall<unknown, z.output<typeof query>, unknown>,
  send: (res: ServerResponse, track: Track) => Promise<void>,
): Promise<Observation<Observed>> {
  let readBytes = () => 0;
  let heldBytes = 0;
  const delivered = await deliverStalled(
    (res) => send(res, (read) => (readBytes = read)),
    {
      made: () => readBytes(),
      complete: () => readBytes() >= size,
      onStalled: () => (heldBytes = readBytes()),
    },
    timeline,
    signal,
  );
  const result = { ...delivered, heldBytes };
  return { result, lesson: downloadLesson(how, result) };
}

export function downloadLesson(how: string, result: Observed): Lesson {
  const { bytes: total, firstByteMs, lastByteMs, stalledMs, heldBytes } = result;
  const size = bytes(total);
  const first = `The first byte arrived after ${ms(firstByteMs)}, ${percent(firstByteMs / lastByteMs)} of the time without the stall.`;
  if (total < TELLING_BYTES) {
    return {
      headline: `A file of ${size} is too small to tell`,
      text: `Streaming and buffering hold the same for a file that fits into a few chunks: request more \`bytes\`. ${first}`,
    };
  }
  const waited =
    heldBytes < total
      ? `The server read ${bytes(heldBytes)} of it and then waited for the client, which read nothing for ${ms(stalledMs)}.`
      : 'The server read all of it before the client had any, and each further client adds as much.';
  return {
    headline: `${how} held ${bytes(heldBytes)} of ${size} for a stalled client`,
    text: `${waited} That was in memory: ${percent(heldBytes / total)} of the file. ${first}`,
  };
}
