import { EventEmitter, on } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { count, ms } from '../evidence/words.ts';

const wayResult = z.strictObject({
  way: z.string(),
  received: z.number(),
  inOrder: z.boolean().describe('Whether events were finished in the order in which they were emitted'),
  maxAtOnce: z.number().describe('The most events being handled at one time'),
  maxQueued: z.number().describe('The most events that were emitted and not yet begun'),
  elapsedMs: z.number(),
  listenersLeft: z.number().describe('Listeners on the emitter afterwards'),
});
type WayResult = z.infer<typeof wayResult>;

const resultSchema = z.strictObject({
  emitted: z.number(),
  handleMs: z.number(),
  endedBy: z.string().describe('What ended the loop'),
  ways: z.array(wayResult),
});

interface Job {
  readonly events: number;
  readonly handleMs: number;
  readonly signal: AbortSignal;
  readonly timeline: Timeline;
}

type Ticks = EventEmitter<{ tick: [number] }>;

export const asyncIteration = demoRoute({
  method: 'get',
  path: '/async-iteration',
  summary: 'Handles the same events with for await, one at a time, and with an async listener.',
  teaches:
    'on(emitter) queues events and hands them out one at a time, until a signal aborts it; an async listener is called ' +
    'again while its last call still waits.',
  query: z.object({
    events: wholeNumber('Events to emit', { min: 1, max: 100, default: 12 }),
    handleMs: wholeNumber('How long each takes to handle', { min: 1, max: 20, default: 8 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'One at a time, and all at once', query: { as: 'text' } },
    { title: 'Fewer and slower ones', query: { events: 5, handleMs: 20, as: 'text' } },
  ],
  contrasts: ['events/emit'],
  async run({ query, signal, timeline }) {
    const job = { ...query, signal, timeline };
    const iterated = await iterate(job);
    const listened = await listen(job);
    const result = {
      emitted: query.events,
      handleMs: query.handleMs,
      endedBy: iterated.endedBy,
      ways: [iterated.way, listened],
    };
    return { result, lesson: conclude(iterated.way, listened, iterated.endedBy) };
  },
});

/** With `for await`: the emitter never says that it is done, so a signal ends the loop. */
async function iterate(job: Job): Promise<{ way: WayResult; endedBy: string }> {
  const emitter: Ticks = new EventEmitter();
  const done = new AbortController();
  const watch = new Watch(job, 'for await');
  const ticks = on(emitter, 'tick', { signal: AbortSignal.any([job.signal, done.signal]) });
  const emitting = emitTicks(emitter, job, watch);
  let endedBy = 'the end of its events';
  try {
    for await (const [number] of ticks as AsyncIterable<[number]>) {
      await watch.handle(number);
      if (watch.finished === job.events) done.abort();
    }
  } catch (error) {
    if (!done.signal.aborted) throw error;
    endedBy = (error as Error).name;
  }
  await emitting;
  return { way: watch.result(emitter), endedBy };
}

/** With an async listener: nobody waits for the promise that it returns. */
async function listen(job: Job): Promise<WayResult> {
  const emitter: Ticks = new EventEmitter();
  const watch = new Watch(job, 'async listener');
  const handling: Promise<void>[] = [];
  const listener = (number: number) => {
    const handled = watch.handle(number);
    handled.catch(() => undefined); // heard below; until then a rejection must not count as unhandled
    handling.push(handled);
  };
  emitter.on('tick', listener);
  try {
    await emitTicks(emitter, job, watch);
    await Promise.all(handling);
  } finally {
    emitter.off('tick', listener);
    await Promise.allSettled(handling);
  }
  return watch.result(emitter);
}

/** Emits one event in each turn of the event loop: faster than they are handled. */
async function emitTicks(emitter: Ticks, { events, signal }: Job, watch: Watch): Promise<void> {
  for (let number = 1; number <= events && !signal.aborted; number += 1) {
    watch.emitted = number;
    emitter.emit('tick', number);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Counts what is handled and what waits. */
class Watch {
  emitted = 0;
  readonly #job: Job;
  readonly #way: string;
  readonly #startMs: number;
  readonly #order: number[] = [];
  #begun = 0;
  #maxAtOnce = 0;
  #maxQueued = 0;

  constructor(job: Job, way: string) {
    this.#job = job;
    this.#way = way;
    this.#startMs = job.timeline.now();
  }

  get finished(): number {
    return this.#order.length;
  }

  async handle(number: number): Promise<void> {
    const end = this.#job.timeline.begin(`event ${number}`, this.#way);
    this.#begun += 1;
    this.#maxAtOnce = Math.max(this.#maxAtOnce, this.#begun - this.finished);
    this.#maxQueued = Math.max(this.#maxQueued, this.emitted - this.#begun);
    await sleep(this.#job.handleMs, undefined, { signal: this.#job.signal });
    this.#order.push(number);
    end();
  }

  result(emitter: Ticks): WayResult {
    return {
      way: this.#way,
      received: this.finished,
      inOrder: this.#order.every((number, index) => number === index + 1),
      maxAtOnce: this.#maxAtOnce,
      maxQueued: this.#maxQueued,
      elapsedMs: toMicroseconds(this.#job.timeline.now() - this.#startMs),
      listenersLeft: emitter.listenerCount('tick'),
    };
  }
}

function conclude(iterated: WayResult, listened: WayResult, endedBy: string): string {
  const left =
    iterated.listenersLeft === 0
      ? 'leaving no listener behind'
      : `leaving ${count(iterated.listenersLeft, 'listener')} behind`;
  return (
    `for await handled ${count(iterated.received, 'event')}, at most ${iterated.maxAtOnce} at once and with up to ` +
    `${iterated.maxQueued} queued, in ${ms(iterated.elapsedMs)}, and was ended by ${endedBy}, ${left}; the async listener ` +
    `had ${listened.maxAtOnce} in its hands at once and took ${ms(listened.elapsedMs)}: ` +
    (listened.maxAtOnce > iterated.maxAtOnce
      ? 'faster, but without any bound.'
      : 'so few events did not overlap.')
  );
}
