/** What the demos of the four kinds of streams share. */
import { once } from 'node:events';
import type { Stream } from 'node:stream';
import { z } from 'zod';
import { wholeNumber } from '../kit/demo.ts';

const KINDS = ['readable', 'writable', 'duplex', 'transform'] as const;

export const CHUNK_BYTES = 8;

export const chunksQuery = z.object({
  chunks: wholeNumber('Number of chunks', { min: 1, max: 12, default: 4 }),
});

/** A text of `CHUNK_BYTES` bytes. */
export function textChunk(number: number): string {
  return `chunk-${String(number).padStart(2, '0')}`;
}

/** The routes of the other kinds. */
export function otherKinds(kind: (typeof KINDS)[number]): string[] {
  return KINDS.filter((other) => other !== kind).map((other) => `streams/${other}`);
}

/** Resolves when all streams are closed. Its rejection may be ignored: the caller may be awaiting something else then. */
export function untilClosed(streams: readonly Stream[], signal: AbortSignal): Promise<unknown> {
  const closed = Promise.all(streams.map((stream) => once(stream, 'close', { signal })));
  closed.catch(() => undefined);
  return closed;
}
