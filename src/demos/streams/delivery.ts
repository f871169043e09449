import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { ask, overLoopback } from '../evidence/loopback.ts';
import { MemorySampler } from '../evidence/memory-sampler.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';

export const delivery = z.strictObject({
  bytes: z.number(),
  chunks: z.number(),
  firstByteMs: z.number(),
  lastByteMs: z.number(),
  peakMemoryBytes: z.number().describe('Heap and buffers beyond what was in use before'),
});
export type Delivery = z.infer<typeof delivery>;

/**
 * Sends an answer over loopback to a client that reads it all, and watches both.
 *
 * @param see gets every chunk as it arrives
 */
export async function deliver(
  send: (res: ServerResponse) => Promise<unknown>,
  timeline: Timeline,
  signal: AbortSignal,
  see: (chunk: Buffer) => void = () => undefined,
): Promise<Delivery> {
  const memory = new MemorySampler();
  try {
    return await overLoopback(
      (_req, res) => void send(res).catch(() => res.destroy()),
      async (origin) => {
        const startedAt = performance.now();
        const response = await ask(origin, signal);
        let firstByteMs: number | undefined;
        let received = 0;
        let chunks = 0;
        for await (const chunk of response as AsyncIterable<Buffer>) {
          firstByteMs ??= performance.now() - startedAt;
          received += chunk.length;
          chunks += 1;
          see(chunk);
        }
        const lastByteMs = performance.now() - startedAt;
        const zero = startedAt - timeline.startedAt;
        timeline.add('until the first byte', 'client', zero, zero + (firstByteMs ?? lastByteMs));
        timeline.add('until the last byte', 'client', zero + (firstByteMs ?? lastByteMs), zero + lastByteMs);
        return {
          bytes: received,
          chunks,
          firstByteMs: toMicroseconds(firstByteMs ?? lastByteMs),
          lastByteMs: toMicroseconds(lastByteMs),
          peakMemoryBytes: memory.stop().peakDeltaBytes,
        };
      },
    );
  } finally {
    memory.stop();
  }
}
