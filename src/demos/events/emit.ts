import { EventEmitter } from 'node:events';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { ms } from '../evidence/words.ts';

const RETURNED = 'emit returned';

const emission = z.strictObject({
  emission: z.number(),
  emitMs: z.number().describe('How long emit held its caller'),
  order: z.array(z.string()).describe('What happened, in this order'),
});
const resultSchema = z.strictObject({
  busyMs: z.number().describe('How long one of the listeners computed'),
  ranBeforeEmitReturned: z.number().describe('Listeners of the first emission that had begun by then'),
  ranAfterEmitReturned: z.number(),
  emissions: z.array(emission),
});
type Result = z.infer<typeof resultSchema>;

export const emit = demoRoute({
  method: 'get',
  path: '/emit',
  summary: 'Emits an event twice to seven listeners and records the order of everything.',
  teaches:
    'Listeners run synchronously, in the order in which they were added, before emit returns: an event is a call, not a message.',
  query: z.object({
    busyMs: wholeNumber('How long one listener computes', { min: 0, max: 200, default: 20 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'The order of listeners', query: { as: 'text' } },
    { title: 'A listener in no hurry', query: { busyMs: 100, as: 'text' } },
  ],
  contrasts: ['events/async-iteration'],
  async run({ query: { busyMs }, timeline }) {
    const { emitter, takeOrder } = manyListeners(busyMs);
    const emissions = [];
    for (const number of [1, 2]) {
      const end = timeline.begin(`emission ${number}`, 'emit');
      const startedAt = performance.now();
      emitter.emit('greet');
      const emitMs = toMicroseconds(performance.now() - startedAt);
      end();
      // What runs after emit has returned gets its chance before the order is read.
      const returned = takeOrder();
      await new Promise((resolve) => setImmediate(resolve));
      emissions.push({ emission: number, emitMs, order: [...returned, RETURNED, ...takeOrder()] });
    }
    const result = {
      busyMs,
      ranBeforeEmitReturned: emissions[0]?.order.indexOf(RETURNED) ?? 0,
      ranAfterEmitReturned: after(emissions[0]?.order ?? []).filter(
        (step) => !step.startsWith('async: after'),
      ).length,
      emissions,
    };
    return { result, lesson: conclude(result) };
  },
});

/** An emitter with a listener of every kind, and what they recorded since it was last taken. */
function manyListeners(busyMs: number) {
  const emitter = new EventEmitter<{ greet: [] }>();
  let order: string[] = [];
  const note = (step: string) => order.push(step);
  const removed = () => note('removed');
  emitter.on('greet', () => note('first'));
  emitter.once('greet', () => note('once'));
  emitter.on('greet', () => {
    note('removes the next');
    emitter.off('greet', removed);
  });
  emitter.on('greet', removed);
  emitter.on('greet', () => {
    computeFor(busyMs);
    note('busy');
  });
  // An async listener returns a promise that emit does not look at, so it must not reject.
  emitter.on('greet', () => {
    void (async () => {
      note('async: before its await');
      await Promise.resolve();
      note('async: after its await');
    })();
  });
  emitter.prependListener('greet', () => note('prepended'));
  return {
    emitter,
    takeOrder: () => {
      const taken = order;
      order = [];
      return taken;
    },
  };
}

function computeFor(durationMs: number): void {
  const end = performance.now() + durationMs;
  while (performance.now() < end);
}

function after(order: readonly string[]): string[] {
  return order.slice(order.indexOf(RETURNED) + 1);
}

function conclude({ busyMs, ranBeforeEmitReturned, ranAfterEmitReturned, emissions }: Result): string {
  const [first, second] = emissions;
  if (first === undefined || second === undefined) return 'Nothing was emitted, so nothing was observed.';
  const ran = ({ order }: typeof first, step: string) => order.includes(step);
  const sync =
    ranAfterEmitReturned === 0
      ? `All ${ranBeforeEmitReturned} listeners ran before emit returned, which took ${ms(first.emitMs)}, ${ms(busyMs)} of it in the busy one`
      : `${ranAfterEmitReturned} listeners ran only after emit had returned: they were not called synchronously`;
  const late = after(first.order);
  const awaited =
    late.length > 0 ? `; only what follows an await came later (${late.join(', ')})` : '; nothing came later';
  const prepended =
    first.order[0] === 'prepended'
      ? 'The prepended one, added last, was first'
      : 'The prepended one was not first';
  const once = ran(first, 'once') && !ran(second, 'once') ? 'once ran once' : 'once did not run exactly once';
  const removal = ran(first, 'removed')
    ? 'a listener removed while emitting still ran in that emission'
    : 'a listener removed while emitting did not run in that emission';
  const gone = ran(second, 'removed') ? 'and in the next too' : 'and not in the next';
  return `${sync}${awaited}. ${prepended}; ${once}; ${removal}, ${gone}.`;
}
