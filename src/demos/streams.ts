import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import type { ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { z } from 'zod';
import { Problem } from '../http/problem.ts';
import { demoRoute, rawRoute, wholeNumber, type Demo } from './demo.ts';
import { ask, overLoopback } from './evidence/loopback.ts';
import { MemorySampler } from './evidence/memory-sampler.ts';
import { toMicroseconds, type Timeline } from './evidence/timeline.ts';
import { bytes, count, ms, percent } from './evidence/words.ts';

const MAX_UPLOAD_BYTES = 4_000_000_000;

const binary = { mediaType: 'application/octet-stream', description: 'The file itself' } as const;
const fileQuery = z.object({
  bytes: wholeNumber('Size of the file', { min: 1, max: 400_000_000, default: 200_000_000 }),
});

const delivery = z.strictObject({
  bytes: z.number(),
  chunks: z.number(),
  firstByteMs: z.number(),
  lastByteMs: z.number(),
  peakMemoryBytes: z.number().describe('Heap and buffers beyond what was in use before'),
});
type Delivery = z.infer<typeof delivery>;

export const streams = {
  id: 'streams',
  title: 'Streams',
  summary: 'Data that passes through in pieces: constant memory, first byte at once, back-pressure.',
  teaches:
    'A stream holds a few pieces of the data and never the whole. pipeline connects streams so that a slow reader slows ' +
    'the source, an error ends them all, and nothing stays open when a client leaves.',
  lookFor: 'peakMemoryBytes against bytes, and firstByteMs against lastByteMs.',
  practices: ['8.10'],
  routes: [
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
    demoRoute({
      method: 'post',
      path: '/upload',
      summary: 'Hashes a body of any size while it passes on its way into a temporary file.',
      teaches:
        'However large the body, a few chunks of it are in memory: the disk slows the client down, not the heap.',
      body: {
        stream: 'application/octet-stream',
        description: `Any bytes, at most ${MAX_UPLOAD_BYTES} of them`,
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
      contrasts: [],
      async run({ req, signal, timeline, tools }) {
        if (Number(req.get('content-length') ?? 0) > MAX_UPLOAD_BYTES) throw tooLarge();
        const memory = new MemorySampler();
        const hash = createHash('sha256');
        const seen = { bytes: 0, chunks: 0, largest: 0 };
        const tap = new Transform({
          transform(chunk: Buffer, _encoding, done) {
            seen.bytes += chunk.length;
            seen.chunks += 1;
            seen.largest = Math.max(seen.largest, chunk.length);
            hash.update(chunk);
            if (seen.bytes > MAX_UPLOAD_BYTES) done(tooLarge());
            else done(null, chunk);
          },
        });
        const startMs = timeline.now();
        await tools.scratch
          .lend((path) => pipeline(req, tap, createWriteStream(path), { signal }))
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
    rawRoute({
      method: 'get',
      path: '/chain',
      summary: 'Rows become CSV, CSV becomes gzip, gzip becomes the answer: one pipeline.',
      teaches:
        'pipeline ends every part when one fails or the client leaves, and a slow client slows the first part.',
      query: z.object({ rows: wholeNumber('Rows to make', { min: 1, max: 50_000_000, default: 100_000 }) }),
      response: {
        mediaType: 'application/gzip',
        description: 'CSV with the columns row, square and root, compressed',
      },
      examples: [
        { title: 'What it took', query: { as: 'text' } },
        { title: 'The first rows', query: { rows: 100_000 }, pipe: 'gunzip | tail -1' },
      ],
      contrasts: [],
      observed: delivery,
      async observe({ query, signal, timeline }) {
        const result = await deliver((res) => sendRows(query.rows, res, signal), timeline, signal);
        return {
          result,
          lesson:
            `${count(query.rows, 'row')} became ${bytes(result.bytes)} of compressed CSV; the first byte was there after ${ms(result.firstByteMs)}, ` +
            `the last after ${ms(result.lastByteMs)}, and at most ${bytes(result.peakMemoryBytes)} were in memory.`,
        };
      },
      async send({ query, res, signal }) {
        res.set({
          'Content-Type': 'application/gzip',
          'Content-Disposition': 'attachment; filename="rows.csv.gz"',
        });
        await sendRows(query.rows, res, signal);
      },
    }),
  ],
} satisfies Demo;

function sendStreamed(path: string, res: ServerResponse, signal: AbortSignal): Promise<void> {
  return pipeline(createReadStream(path), res, { signal });
}

async function sendBuffered(path: string, res: ServerResponse, signal: AbortSignal): Promise<void> {
  const whole = await readFile(path, { signal });
  await pipeline(Readable.from([whole]), res, { signal });
}

async function sendRows(rows: number, res: ServerResponse, signal: AbortSignal): Promise<void> {
  await pipeline(Readable.from(csv(rows)), createGzip(), res, { signal });
}

/** Lines in blocks: a chunk a row would spend most of the time on passing chunks on. */
function* csv(rows: number): Generator<string> {
  const block = 500;
  yield 'row,square,root\n';
  for (let first = 1; first <= rows; first += block) {
    let text = '';
    for (let row = first; row < Math.min(first + block, rows + 1); row += 1) {
      text += `${row},${row * row},${Math.sqrt(row).toFixed(6)}\n`;
    }
    yield text;
  }
}

/** Sends an answer over loopback to a client that reads it all, and watches both. */
async function deliver(
  send: (res: ServerResponse) => Promise<void>,
  timeline: Timeline,
  signal: AbortSignal,
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

function concludeDelivery(result: Delivery, how: string): string {
  const share = result.peakMemoryBytes / result.bytes;
  return (
    `${bytes(result.bytes)}, ${how}, took at most ${bytes(result.peakMemoryBytes)} of memory (${percent(share)} of its size), and the first byte ` +
    `was there after ${ms(result.firstByteMs)}, ${percent(result.firstByteMs / result.lastByteMs)} of the time of the whole.`
  );
}

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
    `the memory in use rose by at most ${bytes(result.peakMemoryBytes)}, ${percent(result.peakMemoryBytes / result.bytes)} of the body.`
  );
}

function tooLarge(): Problem {
  return new Problem('body-too-large', { detail: `At most ${MAX_UPLOAD_BYTES} bytes are read.` });
}
