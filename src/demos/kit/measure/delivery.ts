import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { sendRequest, overLoopback } from './loopback.ts';
import { MemorySampler } from './memory-sampler.ts';
import { toMicroseconds, type Timeline } from './timeline.ts';

export const peakMemory = z
  .number()
  .describe(
    'Peak of heap and buffers above the level before the run; below 4 MB it may be anything from 0 up',
  );

export const delivery = z.strictObject({
  bytes: z.number(),
  chunks: z.number(),
  firstByteMs: z.number(),
  lastByteMs: z.number(),
  peakMemoryBytes: peakMemory,
});
export type Delivery = z.infer<typeof delivery>;

/**
 * Sends a response over loopback to a client that reads all of it, and measures both ends.
 *
 * @param onChunk receives every chunk as it arrives
 */
export async function deliver(
  send: (res: ServerResponse) => Promise<unknown>,
  timeline: Timeline,
  signal: AbortSignal,
  onChunk: (chunk: Buffer) => void = () => undefined,
): Promise<Delivery> {
  const memory = new MemorySampler();
  try {
    return await overLoopback(
      (_req, res) => void send(res).catch(() => res.destroy()),
      async (origin) => {
        const startedAt = performance.now();
        const response = await sendRequest(origin, { signal });
        let firstByteMs: number | undefined;
        let bytes = 0;
        let chunks = 0;
        for await (const chunk of response as AsyncIterable<Buffer>) {
          firstByteMs ??= performance.now() - startedAt;
          bytes += chunk.length;
          chunks += 1;
          onChunk(chunk);
          memory.sampleIfDue();
        }
        const lastByteMs = performance.now() - startedAt;
        firstByteMs ??= lastByteMs;
        const zero = startedAt - timeline.startedAt;
        timeline.add('until the first byte', 'client', zero, zero + firstByteMs);
        timeline.add('until the last byte', 'client', zero + firstByteMs, zero + lastByteMs);
        return {
          bytes,
          chunks,
          firstByteMs: toMicroseconds(firstByteMs),
          lastByteMs: toMicroseconds(lastByteMs),
          peakMemoryBytes: memory.stop().peakDeltaBytes,
        };
      },
    );
  } finally {
    memory.stop();
  }
}
