import { EventEmitter, on } from 'node:events';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { HandlingRecorder, handlingSchema, type Handling, type Job } from './handling-recorder.ts';

const resultSchema = z.strictObject({
  emitted: z.number(),
  handleMs: z.number(),
  endedBy: z.string().describe('What ended the loop'),
  ways: z.array(handlingSchema),
});

type Ticks = EventEmitter<{ tick: [number] }>;

export const asyncIteration = demoRoute({
  method: 'get',
  path: '/async-iteration',
  title: 'Iterate over events',
  summary: 'Handles the same events with `for await`, one at a time, and with an async listener.',
  teaches:
    'events.on queues events for `for await` until you leave the loop, an event of its `close` option is emitted, or its ' +
    'signal aborts. An async listener is called again while its previous call is still pending.',
  query: z.object({
    events: wholeNumber('Events to emit', { min: 1, max: 100, default: 12 }),
    handleMs: wholeNumber('How long each takes to handle, in milliseconds', { min: 1, max: 20, default: 8 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'Twelve events', query: { as: 'text' } },
    { title: 'Fewer and slower events', query: { events: 5, handleMs: 20, as: 'text' } },
  ],
  contrasts: ['events/emit'],
  async run({ query, signal, timeline }) {
    const job = { ...query, signal, timeline };
    const { handling: iterated, endedBy } = await iterate(job);
    const listened = await listen(job);
    const result = { emitted: query.events, handleMs: query.handleMs, endedBy, ways: [iterated, listened] };
    return { result, lesson: conclude(iterated, listened, endedBy) };
  },
});

/** Handles the events with `for await`. Nothing emits a closing event here, so a signal ends the loop. */
async function iterate(job: Job): Promise<{ handling: Handling; endedBy: string }> {
  const emitter: Ticks = new EventEmitter();
  const done = new AbortController();
  const recorder = new HandlingRecorder(job, 'for await');
  const ticks = on(emitter, 'tick', { signal: AbortSignal.any([job.signal, done.signal]) });
  const emitting = emitTicks(emitter, job, recorder);
  let endedBy = 'the end of its events';
  try {
    for await (const [number] of ticks as AsyncIterable<[number]>) {
      await recorder.handle(number);
      if (recorder.finished === job.events) done.abort();
    }
  } catch (error) {
    if (!done.signal.aborted) throw error;
    endedBy = (error as Error).name;
  }
  await emitting;
  return { handling: recorder.result(emitter.listenerCount('tick')), endedBy };
}

/** Handles the events with an async listener, whose promise the emitter does not await. */
async function listen(job: Job): Promise<Handling> {
  const emitter: Ticks = new EventEmitter();
  const recorder = new HandlingRecorder(job, 'async listener');
  const handling: Promise<void>[] = [];
  const listener = (number: number) => {
    const handled = recorder.handle(number);
    handled.catch(() => undefined); // awaited below; until then a rejection must not count as unhandled
    handling.push(handled);
  };
  emitter.on('tick', listener);
  try {
    await emitTicks(emitter, job, recorder);
    await Promise.all(handling);
  } finally {
    emitter.off('tick', listener);
    await Promise.allSettled(handling);
  }
  return recorder.result(emitter.listenerCount('tick'));
}

/** Emits one event in each iteration of the event loop: faster than they are handled. */
async function emitTicks(emitter: Ticks, { events, signal }: Job, recorder: HandlingRecorder): Promise<void> {
  for (let number = 1; number <= events && !signal.aborted; number += 1) {
    recorder.emitted = number;
    emitter.emit('tick', number);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

function conclude(iterated: Handling, listened: Handling, endedBy: string): Lesson {
  const overlapped = listened.maxAtOnce > iterated.maxAtOnce;
  const faster = listened.elapsedMs < iterated.elapsedMs;
  const left = iterated.listenersLeft === 0 ? 'no listener' : count(iterated.listenersLeft, 'listener');
  return {
    headline: overlapped
      ? `for await handled ${iterated.maxAtOnce} at a time, an async listener ${listened.maxAtOnce}`
      : 'Too few events to overlap in the async listener',
    text:
      `for await handled ${count(iterated.received, 'event')} in ${ms(iterated.elapsedMs)}, at most ${iterated.maxAtOnce} at ` +
      `a time and with up to ${iterated.maxQueued} queued. The loop was ended by ${endedBy} and left ${left} behind. The async ` +
      `listener handled up to ${listened.maxAtOnce} at a time and took ${ms(listened.elapsedMs)}. ` +
      (overlapped
        ? `That was ${faster ? 'faster, but nothing limits' : 'not faster, and nothing limits'} its concurrency. `
        : 'So few events did not overlap. ') +
      (iterated.maxQueued > 1
        ? `for await bounds the concurrency, not the queue: ${count(iterated.maxQueued, 'event')} waited in memory, and no option of events.on limits them by default.`
        : ''),
  };
}
