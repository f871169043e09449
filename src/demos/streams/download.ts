/** What `/file` and `/file-buffered` share. */
import { z } from 'zod';
import { bytes, ms, percent, portion } from '../kit/answer/units.ts';
import { wholeNumber, type Lesson } from '../kit/demo.ts';
import { delivery, type Delivery } from '../kit/measure/delivery.ts';

export const download = {
  method: 'get',
  query: z.object({
    bytes: wholeNumber('Size of the file', { min: 1, max: 400_000_000, default: 50_000_000 }),
  }),
  response: { mediaType: 'application/octet-stream', description: 'The file' },
  examples: [
    { title: 'Time and memory', query: { as: 'text' } },
    {
      title: 'The file',
      query: { bytes: 64_000_000 },
      curl: "-o /dev/null -w '%{size_download} bytes\\n'",
    },
  ],
  observed: delivery,
} as const;

export function downloadHeaders(size: number): Record<string, string> {
  return { 'Content-Type': download.response.mediaType, 'Content-Length': String(size) };
}

/** @param how "Streaming" or "Buffering" */
export function downloadLesson(how: string, result: Delivery): Lesson {
  const { firstByteMs, lastByteMs, peakMemoryBytes } = result;
  const size = bytes(result.bytes);
  return {
    headline: `${how} ${size} raised memory by at most ${bytes(peakMemoryBytes)}`,
    text:
      `${how} ${size} raised memory by at most ${bytes(peakMemoryBytes)}, ${portion(peakMemoryBytes / result.bytes, 'the file size')}. ` +
      `The first byte arrived after ${ms(firstByteMs)}, ${percent(firstByteMs / lastByteMs)} of the total time.`,
  };
}
