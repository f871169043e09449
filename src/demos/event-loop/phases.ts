import { once } from 'node:events';
import { stat } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { overLoopback } from '../evidence/loopback.ts';
import type { Timeline } from '../evidence/timeline.ts';
import { count } from '../evidence/words.ts';

/** Long enough for a timer of a millisecond to be due and for a file's status to be there. */
const HOLD_MS = 4;
const PHASES = ['timers', 'poll', 'check', 'close'] as const;

export interface Step {
  readonly callback: string;
  /** The turn of the event loop by its own count, from the turn in which all were asked for. */
  readonly turn: number;
  /** What ran between this callback and the next. */
  readonly afterwards: readonly string[];
}

const step = z.strictObject({
  callback: z.string(),
  turn: z.number().describe("By the event loop's own count: 0 is the turn in which all were asked for"),
  afterwards: z.array(z.string()).describe('What ran before the next callback'),
});

const resultSchema = z.strictObject({
  rounds: z.number(),
  sameOrder: z.number().describe('Rounds in which the order was that of the first'),
  order: z.array(z.string()),
  steps: z.array(step).describe('The first round'),
});

export const phases = demoRoute({
  method: 'get',
  path: '/phases',
  summary: 'One callback of each phase, asked for at one time: the order and the turn in which they ran.',
  teaches:
    'The event loop goes round its phases, timers, poll, check, close; after each callback it first empties the queues ' +
    'of nextTick and microtasks.',
  query: z.object({
    rounds: wholeNumber('How often it is tried', { min: 1, max: 100, default: 20 }),
  }),
  result: resultSchema,
  examples: [{ title: 'The order of the phases', query: { as: 'text' } }],
  contrasts: ['event-loop/order?from=io'],
  async run({ query: { rounds: asked }, signal, timeline }) {
    const rounds = await overLoopback(
      (_req, res) => res.end(),
      async (origin) => {
        const seen: Step[][] = [];
        while (seen.length < asked && !signal.aborted) {
          seen.push(await tryOnce(Number(new URL(origin).port), seen.length === 0 ? timeline : undefined));
        }
        return seen;
      },
    );
    const [first = []] = rounds;
    const result = {
      rounds: rounds.length,
      sameOrder: rounds.filter((round) => orderOf(round) === orderOf(first)).length,
      order: first.map(({ callback }) => callback),
      steps: first.map(({ callback, turn, afterwards }) => ({ callback, turn, afterwards: [...afterwards] })),
    };
    return { result, lesson: conclude(first, result.sameOrder, rounds.length) };
  },
});

/** Asks for one callback of each phase, from a callback of the close phase: the one before a new round of phases. */
async function tryOnce(port: number, timeline: Timeline | undefined): Promise<Step[]> {
  const [starter, closing] = await Promise.all([open(port), open(port)]);
  try {
    return await new Promise((resolve) => {
      starter.once('close', () => {
        const startTurn = currentTurn();
        const steps: { callback: string; turn: number; afterwards: string[] }[] = [];
        const note = (callback: string) => {
          const end = timeline?.begin(callback, callback);
          const one = { callback, turn: currentTurn() - startTurn, afterwards: [] as string[] };
          steps.push(one);
          process.nextTick(() => one.afterwards.push('nextTick'));
          void Promise.resolve().then(() => one.afterwards.push('microtask'));
          end?.();
          // Resolved a turn later, so that a stray callback would be seen.
          if (steps.length === PHASES.length) setImmediate(() => resolve(steps));
        };
        // In another order than that of the phases.
        closing.once('close', () => note('close'));
        closing.destroy();
        setImmediate(() => note('check'));
        stat('/', () => note('poll'));
        setTimeout(() => note('timers'), 0);
        holdLoop(HOLD_MS);
      });
      starter.destroy();
    });
  } finally {
    closing.destroy();
  }
}

async function open(port: number): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  return socket;
}

function currentTurn(): number {
  return performance.nodeTiming.uvMetricsInfo.loopCount;
}

/** So that everything is due when the event loop goes on. */
function holdLoop(durationMs: number): void {
  const end = performance.now() + durationMs;
  while (performance.now() < end);
}

function orderOf(round: readonly Step[]): string {
  return round.map(({ callback }) => callback).join(', ');
}

export function conclude(first: readonly Step[], sameOrder: number, rounds: number): string {
  const expected = orderOf(first) === PHASES.join(', ');
  const emptied = first.filter(({ afterwards }) => afterwards.join() === 'nextTick,microtask').length;
  const byTurn = Object.values(Object.groupBy(first, ({ turn }) => turn));
  const timers = first.find(({ callback }) => callback === 'timers')?.turn ?? 0;
  const endsTurn = first.some(({ turn }) => turn > timers)
    ? ' (it counts the timers as the end of a turn, not as its start)'
    : '';
  const turns = byTurn
    .map((steps = []) => `${steps.map(({ callback }) => callback).join(', ')} in turn ${steps[0]?.turn ?? 0}`)
    .join(' and ');
  return (
    `Asked for at one time, in another order, the callbacks ran as ${orderOf(first)}` +
    (expected ? ', the order of the phases,' : ', which is not the order of the phases,') +
    ` in ${sameOrder} of ${count(rounds, 'round')}; by libuv's own count ${turns}${endsTurn}. After ${emptied} of ${first.length} ` +
    'callbacks nextTick and then the microtask ran before the next one.'
  );
}
