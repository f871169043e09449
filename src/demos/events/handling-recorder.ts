import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';

export const handlingSchema = z.strictObject({
  way: z.string(),
  received: z.number(),
  inOrder: z.boolean().describe('Whether the events were finished in the order in which they were emitted'),
  maxAtOnce: z.number().describe('The most events handled at one time'),
  maxQueued: z.number().describe('The most events that were emitted and not yet started'),
  elapsedMs: z.number(),
  listenersLeft: z.number().describe('Listeners that remained on the emitter'),
});
export type Handling = z.infer<typeof handlingSchema>;

export interface Job {
  readonly events: number;
  /** How long each event takes to handle. */
  readonly handleMs: number;
  readonly signal: AbortSignal;
  readonly timeline: Timeline;
}

/** Handles events, each by waiting, and records order, concurrency and queue length. */
export class HandlingRecorder {
  /** The number of events emitted so far. */
  emitted = 0;
  readonly #job: Job;
  readonly #way: string;
  readonly #startMs: number;
  readonly #finished: number[] = [];
  #started = 0;
  #maxAtOnce = 0;
  #maxQueued = 0;

  constructor(job: Job, way: string) {
    this.#job = job;
    this.#way = way;
    this.#startMs = job.timeline.now();
  }

  get finished(): number {
    return this.#finished.length;
  }

  /** @throws the signal's AbortError */
  async handle(number: number): Promise<void> {
    const end = this.#job.timeline.begin(`event ${number}`, this.#way);
    this.#started += 1;
    this.#maxAtOnce = Math.max(this.#maxAtOnce, this.#started - this.finished);
    this.#maxQueued = Math.max(this.#maxQueued, this.emitted - this.#started);
    await sleep(this.#job.handleMs, undefined, { signal: this.#job.signal });
    this.#finished.push(number);
    end();
  }

  result(listenersLeft: number): Handling {
    return {
      way: this.#way,
      received: this.finished,
      inOrder: this.#finished.every((number, index) => number === index + 1),
      maxAtOnce: this.#maxAtOnce,
      maxQueued: this.#maxQueued,
      elapsedMs: toMicroseconds(this.#job.timeline.now() - this.#startMs),
      listenersLeft,
    };
  }
}
