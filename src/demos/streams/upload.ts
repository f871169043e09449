import { createHash } from 'node:crypto';
import { open, unlink } from 'node:fs/promises';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { bytes, count, percent } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';

/** A smaller body fits into the buffers of the streams. */
const TELLING_BYTES = 1_000_000;

const resultSchema = z.strictObject({
  bytes: z.number(),
  sha256: z.string(),
  chunks: z.number(),
  largestChunkBytes: z.number(),
  peakHeldBytes: z.number().describe('Most bytes that were received and not yet written to disk'),
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
    const hash = createHash('sha256');
    const passed = { bytes: 0, chunks: 0, largestChunkBytes: 0, peakHeldBytes: 0 };
    let writtenBytes = () => 0;
    const tap = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        passed.bytes += chunk.length;
        passed.chunks += 1;
        passed.largestChunkBytes = Math.max(passed.largestChunkBytes, chunk.length);
        passed.peakHeldBytes = Math.max(passed.peakHeldBytes, passed.bytes - writtenBytes());
        hash.update(chunk);
        done(null, chunk);
      },
    });
    const startMs = timeline.now();
    await resources.scratch.withPath(async (path) => {
      const file = await open(path, 'wx');
      await unlink(path); // the kernel frees an unlinked file when it is closed, even if the worker is killed
      const sink = file.createWriteStream();
      writtenBytes = () => sink.bytesWritten;
      await pipeline(body, tap, sink, { signal });
    });
    const span = timeline.add('upload, hash, write', 'stream', startMs, timeline.now());
    const result = {
      ...passed,
      sha256: hash.digest('hex'),
      bytesPerSecond: Math.round((passed.bytes * 1000) / Math.max(0.001, span.endMs - span.startMs)),
    };
    return { result, lesson: describe(result) };
  },
});

function describe(result: z.infer<typeof resultSchema>): Lesson {
  const { bytes: total, chunks, largestChunkBytes, peakHeldBytes } = result;
  const passed = `${bytes(total)} passed in ${count(chunks, 'chunk')} of at most ${bytes(largestChunkBytes)}.`;
  if (total === 0) {
    return {
      headline: 'The body was empty',
      text: 'The body was empty, so the digest is the SHA-256 of zero bytes.',
    };
  }
  if (total < TELLING_BYTES) {
    return {
      headline: `${bytes(total)} are too few to tell`,
      text: `${passed} Any way to receive so small a body holds all of it: send more than ${bytes(TELLING_BYTES)}.`,
    };
  }
  const share = peakHeldBytes / total;
  return {
    headline: `At most ${bytes(peakHeldBytes)} of ${bytes(total)} were in memory`,
    text:
      `${passed} At most ${bytes(peakHeldBytes)} of the body, ${percent(share)}, were received and not yet written to disk. ` +
      (share < 0.5 ? 'The upload was never far ahead of the disk.' : 'Most of the body waited for the disk.'),
  };
}
