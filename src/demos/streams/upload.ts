import { createHash } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { bytes, count, portion } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { MemorySampler } from '../kit/measure/memory-sampler.ts';
import { peakMemory } from '../kit/measure/delivery.ts';

const resultSchema = z.strictObject({
  bytes: z.number(),
  sha256: z.string(),
  chunks: z.number(),
  largestChunkBytes: z.number(),
  peakMemoryBytes: peakMemory,
  bytesPerSecond: z.number(),
});

export const upload = demoRoute({
  method: 'post',
  path: '/upload',
  title: 'Stream an upload to disk',
  summary: 'Hashes a request body of any size while it streams into a temporary file.',
  teaches:
    'Only a few chunks of the body are in memory, whatever its size. A slow disk slows the client down instead of filling ' +
    'memory.',
  body: { mediaType: '*/*', maxBytes: 4_000_000_000, description: 'Any bytes' },
  result: resultSchema,
  examples: [
    { title: 'Ten megabytes', stdin: 'head -c 10000000 /dev/zero', query: { as: 'text' } },
    { title: 'A digest to compare', stdin: "printf 'hello'" },
  ],
  contrasts: ['buffers/inspect'],
  async run({ body, signal, timeline, resources }) {
    const memory = new MemorySampler();
    const hash = createHash('sha256');
    const passed = { bytes: 0, chunks: 0, largestChunkBytes: 0 };
    const tap = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        passed.bytes += chunk.length;
        passed.chunks += 1;
        passed.largestChunkBytes = Math.max(passed.largestChunkBytes, chunk.length);
        hash.update(chunk);
        done(null, chunk);
      },
    });
    const startMs = timeline.now();
    await resources.scratch
      .withPath(async (path) => {
        const file = await open(path, 'wx');
        await unlink(path); // the kernel frees an unlinked file when it is closed, even if the worker is killed
        await pipeline(body, tap, file.createWriteStream(), { signal });
      })
      .finally(() => memory.stop());
    const span = timeline.add('upload, hash, write', 'stream', startMs, timeline.now());
    const result = {
      ...passed,
      sha256: hash.digest('hex'),
      peakMemoryBytes: memory.stop().peakDeltaBytes,
      bytesPerSecond: Math.round((passed.bytes * 1000) / Math.max(0.001, span.endMs - span.startMs)),
    };
    return { result, lesson: describe(result) };
  },
});

function describe({
  bytes: total,
  chunks,
  largestChunkBytes,
  peakMemoryBytes,
}: z.infer<typeof resultSchema>): Lesson {
  if (total === 0) {
    return {
      headline: 'The body was empty',
      text: 'The body was empty, so the digest is the SHA-256 of zero bytes.',
    };
  }
  return {
    headline: `Memory rose by at most ${bytes(peakMemoryBytes)} for ${bytes(total)}`,
    text:
      `${bytes(total)} passed in ${count(chunks, 'chunk')} of at most ${bytes(largestChunkBytes)}. ` +
      `Memory rose by at most ${bytes(peakMemoryBytes)}, ${portion(peakMemoryBytes / total, 'the body size')}.`,
  };
}
