/** Compresses the same content with every encoding and level. On a thread, CPU time is that of the compressor alone. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { parentPort, workerData } from 'node:worker_threads';
import * as zlib from 'node:zlib';
import { makeContent, type Content } from './content.ts';

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT, ZSTD_c_compressionLevel } = zlib.constants;

/** Each way runs repeatedly for this long: some systems count CPU time in steps of milliseconds. */
const REPEAT_FOR_MS = 40;
const SAMPLE_BYTES = 100_000;

interface CompressTask {
  readonly bytes: number;
  readonly content: Content;
}

export interface CompressReport {
  readonly ways: readonly Compressed[];
  /** The share of its size to which 100 kB of the same content compress: whether the size or the content decides. */
  readonly shareOf100kB: number;
}

export interface Compressed {
  readonly encoding: string;
  readonly level: number;
  readonly bytes: number;
  readonly runs: number;
  /** Average of the runs. */
  readonly cpuMs: number;
  /** Average of the runs. */
  readonly elapsedMs: number;
  readonly restored: boolean;
  /** Milliseconds since the epoch: a clock that all threads share. */
  readonly startedAt: number;
}

interface Way {
  readonly encoding: string;
  readonly level: number;
  readonly compress: (input: Buffer) => Buffer;
  readonly restore: (output: Buffer) => Buffer;
}

const ways: readonly Way[] = [
  ...[1, 6, 9].map((level) => ({
    encoding: 'gzip',
    level,
    compress: (input: Buffer) => zlib.gzipSync(input, { level }),
    restore: zlib.gunzipSync,
  })),
  {
    encoding: 'deflate',
    level: 6,
    compress: (input) => zlib.deflateSync(input, { level: 6 }),
    restore: zlib.inflateSync,
  },
  ...[1, 4, 9, 11].map((level) => ({
    encoding: 'br',
    level,
    compress: (input: Buffer) =>
      zlib.brotliCompressSync(input, {
        params: { [BROTLI_PARAM_QUALITY]: level, [BROTLI_PARAM_SIZE_HINT]: input.length },
      }),
    restore: zlib.brotliDecompressSync,
  })),
  ...[1, 3, 9, 19].map((level) => ({
    encoding: 'zstd',
    level,
    compress: (input: Buffer) =>
      zlib.zstdCompressSync(input, { params: { [ZSTD_c_compressionLevel]: level } }),
    restore: zlib.zstdDecompressSync,
  })),
];

if (parentPort !== null) {
  const { bytes, content } = workerData as CompressTask;
  const input = makeContent(content, bytes);
  for (const way of ways) way.compress(input.subarray(0, 1_000)); // the first run of each initializes its tables
  const sample = makeContent(content, SAMPLE_BYTES);
  const report: CompressReport = {
    ways: ways.map((way) => measure(way, input)),
    shareOf100kB: zlib.gzipSync(sample).length / SAMPLE_BYTES,
  };
  parentPort.postMessage(report);
}

function measure({ encoding, level, compress, restore }: Way, input: Buffer): Compressed {
  const began = performance.now();
  const cpu = process.threadCpuUsage();
  const output = compress(input);
  let runs = 1;
  for (; performance.now() - began < REPEAT_FOR_MS; runs += 1) compress(input);
  const { user, system } = process.threadCpuUsage(cpu);
  return {
    encoding,
    level,
    bytes: output.length,
    runs,
    cpuMs: (user + system) / 1000 / runs,
    elapsedMs: (performance.now() - began) / runs,
    restored: restore(output).equals(input),
    startedAt: performance.timeOrigin + began,
  };
}
