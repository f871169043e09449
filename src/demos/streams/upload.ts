import { createHash } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { demoRoute } from '../demo.ts';
import { MemorySampler } from '../evidence/memory-sampler.ts';
import { bytes, count, portion } from '../evidence/words.ts';

export const uploadRoutes = [
  demoRoute({
    method: 'post',
    path: '/upload',
    summary: 'Hashes a body of any size while it passes on its way into a temporary file.',
    teaches:
      'However large the body, a few chunks of it are in memory: the disk slows the client down, not the heap.',
    body: {
      mediaType: '*/*',
      maxBytes: 4_000_000_000,
      description: 'Any bytes',
    },
    result: z.strictObject({
      bytes: z.number(),
      sha256: z.string(),
      chunks: z.number(),
      largestChunkBytes: z.number(),
      peakMemoryBytes: z.number().describe('Heap and buffers beyond what was in use before'),
      bytesPerSecond: z.number(),
    }),
    examples: [
      { title: 'Ten megabytes', stdin: 'head -c 10000000 /dev/zero', query: { as: 'text' } },
      { title: 'A digest to compare', stdin: "printf 'hello'" },
    ],
    contrasts: ['buffers/inspect'],
    async run({ body, signal, timeline, tools }) {
      const memory = new MemorySampler();
      const hash = createHash('sha256');
      const seen = { bytes: 0, chunks: 0, largest: 0 };
      const tap = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          seen.bytes += chunk.length;
          seen.chunks += 1;
          seen.largest = Math.max(seen.largest, chunk.length);
          hash.update(chunk);
          done(null, chunk);
        },
      });
      const startMs = timeline.now();
      await tools.scratch
        .lend(async (path) => {
          const file = await open(path, 'wx');
          await unlink(path); // it lives as long as it is open: a worker that is killed leaves nothing
          await pipeline(body, tap, file.createWriteStream(), { signal });
        })
        .finally(() => memory.stop());
      const span = timeline.add('upload, hash, write', 'stream', startMs, timeline.now());
      const result = {
        bytes: seen.bytes,
        sha256: hash.digest('hex'),
        chunks: seen.chunks,
        largestChunkBytes: seen.largest,
        peakMemoryBytes: memory.stop().peakDeltaBytes,
        bytesPerSecond: Math.round((seen.bytes * 1000) / Math.max(0.001, span.endMs - span.startMs)),
      };
      return { result, lesson: concludeUpload(result) };
    },
  }),
];

function concludeUpload(result: {
  bytes: number;
  chunks: number;
  largestChunkBytes: number;
  peakMemoryBytes: number;
}): string {
  if (result.bytes === 0)
    return 'The body was empty: nothing passed, and the digest is that of no bytes at all.';
  return (
    `${bytes(result.bytes)} passed in ${count(result.chunks, 'chunk')} of at most ${bytes(result.largestChunkBytes)}; ` +
    `the memory in use rose by at most ${bytes(result.peakMemoryBytes)}, ${portion(result.peakMemoryBytes / result.bytes, 'the size of the body')}.`
  );
}
