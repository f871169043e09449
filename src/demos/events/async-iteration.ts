import { EventEmitter, on } from 'node:events';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { HandlingRecorder, handlingSchema, type Job } from './handling-recorder.ts';

/** Events that may be queued before the emitter is paused. */
const HIGH_WATER_MARK = 2;

const rowSchema = handlingSchema.extend({ endedBy: z.string().describe('What ended the loop') });
type Row = z.infer<typeof rowSchema>;

const resultSchema = z.strictObject({
  emitted: z.number(),
  handleMs: z.number(),
  ways: z
    .array(rowSchema)
    .describe('for await with a signal, a close event or a high-water mark; an async listener'),
});

/** Emits events as fast as the event loop iterates, unless it is paused. */
class Ticks extends EventEmitter<{ tick: [number]; end: [] }> {
  #resumed: PromiseWithResolvers<undefined> | undefined;

  pause(): void {
    this.#resumed ??= Promise.withResolvers<undefined>();
  }

  resume(): void {
    this.#resumed?.resolve(undefined);
    this.#resumed = undefined;
  }

  async emitAll({ events, signal }: Job, recorder: HandlingRecorder): Promise<void> {
    const abort = () => this.resume();
    signal.addEventListener('abort', abort, { once: true });
    for (let number = 1; number <= events && !signal.aborted; number += 1) {
      recorder.emitted = number;
      this.emit('tick', number);
      await new Promise((resolve) => setImmediate(resolve));
      await this.#resumed?.promise;
    }
    signal.removeEventListener('abort', abort);
    this.emit('end');
  }
}

type Options = NonNullable<Parameters<typeof on>[2]> & {
  readonly close?: readonly string[];
  readonly highWaterMark?: number;
};

export const asyncIteration = demoRoute({
  method: 'get',
  path: '/async-iteration',
  title: 'Iterate over events',
  summary:
    'Handles the same events with `for await` in three ways, one at a time, and with an async listener.',
  teaches:
    'events.on queues events for `for await` until you leave the loop, an event of its `close` option is emitted, or its ' +
    'signal aborts. With `highWaterMark` it pauses an emitter that has pause() and resume(). An async listener is called ' +
    'again while its previous call is still pending.',
  query: z.object({
    events: wholeNumber('Events to emit', { min: 1, max: 100, default: 12 }),
    handleMs: wholeNumber('How long each takes to handle, in milliseconds', { min: 1, max: 20, default: 8 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'Twelve events', query: { as: 'text' } },
    { title: 'Fewer and slower events', query: { events: 5, handleMs: 20, as: 'text' } },
  ],
  contrasts: ['events/emit', 'streams/backpressure'],
  async run({ query, signal, timeline }) {
    const job = { ...query, signal, timeline };
    const ways = [
      await iterate(job, 'signal', {}),
      await iterate(job, 'close', { close: ['end'] }),
      await iterate(job, 'highWaterMark', { close: ['end'], highWaterMark: HIGH_WATER_MARK }),
      await listen(job),
    ] as const;
    return {
      result: { emitted: query.events, handleMs: query.handleMs, ways: [...ways] },
      lesson: conclude(...ways),
    };
  },
});

/** Handles the events with `for await`. The signal ends a loop that no event closes. */
async function iterate(job: Job, way: string, options: Options): Promise<Row> {
  const emitter = new Ticks();
  const done = new AbortController();
  const recorder = new HandlingRecorder(job, way);
  const ticks = on(emitter, 'tick', { ...options, signal: AbortSignal.any([job.signal, done.signal]) });
  const emitting = emitter.emitAll(job, recorder);
  let endedBy = 'end event';
  try {
    for await (const [number] of ticks as AsyncIterable<[number]>) {
      await recorder.handle(number);
      if (options.close === undefined && recorder.finished === job.events) done.abort();
    }
  } catch (error) {
    if (!done.signal.aborted) throw error;
    endedBy = (error as Error).name;
  } finally {
    emitter.resume();
    await emitting;
  }
  return { ...recorder.result(emitter.listenerCount('tick')), endedBy };
}

/** Handles the events with an async listener, whose promise the emitter does not await. */
async function listen(job: Job): Promise<Row> {
  const emitter = new Ticks();
  const recorder = new HandlingRecorder(job, 'async listener');
  const handling: Promise<void>[] = [];
  const listener = (number: number) => {
    const handled = recorder.handle(number);
    handled.catch(() => undefined); // awaited below; until then a rejection must not count as unhandled
    handling.push(handled);
  };
  emitter.on('tick', listener);
  try {
    await emitter.emitAll(job, recorder);
    await Promise.all(handling);
  } finally {
    emitter.off('tick', listener);
    await Promise.allSettled(handling);
  }
  return { ...recorder.result(emitter.listenerCount('tick')), endedBy: 'caller' };
}

function conclude(plain: Row, closed: Row, paused: Row, listened: Row): Lesson {
  const loops = [plain, closed, paused];
  const atOnce = Math.max(...loops.map(({ maxAtOnce }) => maxAtOnce));
  const overlapped = listened.maxAtOnce > atOnce;
  const left = loops.reduce((sum, { listenersLeft }) => sum + listenersLeft, 0);
  const queue =
    plain.maxQueued > paused.maxQueued
      ? `for await bounds the concurrency, not the queue: ${count(plain.maxQueued, 'event')} waited in memory. With highWaterMark at most ${paused.maxQueued} did, because it paused the emitter.`
      : `Too few events waited to show what highWaterMark does: ${plain.maxQueued} without it, ${paused.maxQueued} with it.`;
  return {
    headline: overlapped
      ? `for await handled ${atOnce} at a time, an async listener ${listened.maxAtOnce}`
      : 'Too few events to overlap in the async listener',
    text:
      `${queue} The loops ended by ${plain.endedBy}, ${closed.endedBy} and ${paused.endedBy}, and left ` +
      `${left === 0 ? 'no listener' : count(left, 'listener')} behind. One at a time took ${ms(plain.elapsedMs)}, the async listener ` +
      `${ms(listened.elapsedMs)}${overlapped ? ', with no limit to its concurrency' : ''}.`,
  };
}
