import { performance } from 'node:perf_hooks';
import { z } from 'zod';

/** One bar: what ran, in which lane, and when, relative to the start of the timeline. */
export const spanSchema = z.strictObject({
  label: z.string(),
  lane: z.string(),
  startMs: z.number(),
  endMs: z.number(),
});
export type Span = z.infer<typeof spanSchema>;

/** More bars than this are unreadable. */
const MAX_SPANS = 200;

/** Records spans relative to one start. */
export class Timeline {
  readonly startedAt = performance.now();
  readonly #spans: Span[] = [];
  #leftOut = 0;

  get spans(): readonly Span[] {
    return this.#spans;
  }

  /** How many spans are not in `spans`. */
  get leftOut(): number {
    return this.#leftOut;
  }

  /** Milliseconds since the start. */
  now(): number {
    return performance.now() - this.startedAt;
  }

  /** Adds a span by its start and end, in milliseconds since the start of the timeline. */
  add(label: string, lane: string, startMs: number, endMs: number): Span {
    const span = { label, lane, startMs: toMicroseconds(startMs), endMs: toMicroseconds(endMs) };
    if (this.#spans.length < MAX_SPANS) this.#spans.push(span);
    else this.leaveOut();
    return span;
  }

  /** Counts a span that gets no bar because enough others like it have one. */
  leaveOut(): void {
    this.#leftOut += 1;
  }

  /** Starts a span. @returns a function that ends it */
  begin(label: string, lane: string): () => Span {
    const startMs = this.now();
    return () => this.add(label, lane, startMs, this.now());
  }

  /** Adds a span for the duration of `work`, even if it fails. */
  async record<T>(label: string, lane: string, work: () => Promise<T> | T): Promise<T> {
    const end = this.begin(label, lane);
    try {
      return await work();
    } finally {
      end();
    }
  }
}

/** Rounds milliseconds to microseconds: finer digits are noise. */
export function toMicroseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}
