import { EventEmitter } from 'node:events';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';

const RETURNED = 'emit returned';

const emissionSchema = z.strictObject({
  emission: z.number(),
  emitMs: z.number().describe('How long emit blocked its caller'),
  order: z.array(z.string()).describe('The steps in the order in which they happened'),
});
type Emission = z.infer<typeof emissionSchema>;

const resultSchema = z.strictObject({
  busyMs: z.number().describe('How long one of the listeners computed'),
  ranBeforeEmitReturned: z.number().describe('Listeners of the first emission that ran by then'),
  ranAfterEmitReturned: z.number(),
  emissions: z.array(emissionSchema),
});
type Result = z.infer<typeof resultSchema>;

export const emit = demoRoute({
  method: 'get',
  path: '/emit',
  title: 'Order of listeners',
  summary: 'Emits an event twice to seven listeners and records the order of all steps.',
  teaches:
    'emit calls the listeners synchronously, in the order in which they are registered, and returns after the last one. ' +
    'An event is a function call, not a message.',
  query: z.object({
    busyMs: wholeNumber('How long one listener computes, in milliseconds', { min: 0, max: 200, default: 20 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'Seven listeners', query: { as: 'text' } },
    { title: 'A slow listener', query: { busyMs: 100, as: 'text' } },
  ],
  contrasts: ['events/async-iteration'],
  async run({ query: { busyMs }, timeline }) {
    const { emitter, takeOrder } = createEmitter(busyMs);
    const emissions: Emission[] = [];
    for (const emission of [1, 2]) {
      const end = timeline.begin(`emission ${emission}`, 'emit');
      const startedAt = performance.now();
      emitter.emit('greet');
      const emitMs = toMicroseconds(performance.now() - startedAt);
      end();
      const before = takeOrder();
      await new Promise((resolve) => setImmediate(resolve)); // until everything that emit left behind has run
      emissions.push({ emission, emitMs, order: [...before, RETURNED, ...takeOrder()] });
    }
    const order = emissions[0]?.order ?? [RETURNED];
    const result = {
      busyMs,
      ranBeforeEmitReturned: order.indexOf(RETURNED),
      ranAfterEmitReturned: afterReturn(order).filter((step) => !step.startsWith('async: after')).length,
      emissions,
    };
    return { result, lesson: conclude(result) };
  },
});

/** @returns an emitter with a listener of every kind, and a function that takes the steps recorded since its last call */
function createEmitter(busyMs: number) {
  const emitter = new EventEmitter<{ greet: [] }>();
  let order: string[] = [];
  const record = (step: string) => order.push(step);
  const removed = () => record('removed');
  emitter.on('greet', () => record('first'));
  emitter.once('greet', () => record('once'));
  emitter.on('greet', () => {
    record('removes the next');
    emitter.off('greet', removed);
  });
  emitter.on('greet', removed);
  emitter.on('greet', () => {
    computeFor(busyMs);
    record('busy');
  });
  // emit ignores the promise of an async listener, so a rejection would be unhandled.
  emitter.on('greet', () => {
    void (async () => {
      record('async: before its await');
      await Promise.resolve();
      record('async: after its await');
    })();
  });
  emitter.prependListener('greet', () => record('prepended'));
  const takeOrder = () => {
    const taken = order;
    order = [];
    return taken;
  };
  return { emitter, takeOrder };
}

function computeFor(durationMs: number): void {
  const end = performance.now() + durationMs;
  while (performance.now() < end);
}

function afterReturn(order: readonly string[]): string[] {
  return order.slice(order.indexOf(RETURNED) + 1);
}

function conclude({ busyMs, ranBeforeEmitReturned, ranAfterEmitReturned, emissions }: Result): Lesson {
  const [first, second] = emissions.map(({ order }) => order);
  if (first === undefined || second === undefined) {
    return { headline: 'Nothing was emitted', text: 'Nothing was emitted, so nothing was observed.' };
  }
  const synchronous = ranAfterEmitReturned === 0;
  const late = afterReturn(first);
  return {
    headline: synchronous
      ? `All ${ranBeforeEmitReturned} listeners ran before emit returned`
      : `${ranAfterEmitReturned} listeners ran only after emit had returned`,
    text: [
      synchronous
        ? `emit returned after ${ms(emissions[0]?.emitMs ?? 0)}, of which the busy listener computed for ${ms(busyMs)}.`
        : `${ranAfterEmitReturned} listeners ran only after emit had returned, so they were not called synchronously.`,
      late.length > 0 ? `Only code after an await ran later: ${late.join(', ')}.` : 'Nothing ran later.',
      `The prepended listener, added last, ${first[0] === 'prepended' ? 'ran first' : 'did not run first'}, and the once ` +
        `listener ${first.includes('once') && !second.includes('once') ? 'ran once' : 'did not run exactly once'}.`,
      `A listener removed during the first emission ${first.includes('removed') ? 'still ran' : 'did not run'} in it, and ` +
        `${second.includes('removed') ? 'ran' : 'did not run'} in the second.`,
    ].join(' '),
  };
}
