import { once } from 'node:events';
import { stat } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { overLoopback } from '../kit/measure/loopback.ts';
import type { Timeline } from '../kit/measure/timeline.ts';

/** Long enough for a timer of 1 ms to be due and for `stat` to complete. */
const BLOCK_MS = 4;
const PHASES = ['timers', 'poll', 'check', 'close'] as const;

const stepSchema = z.strictObject({
  callback: z.string(),
  iteration: z
    .number()
    .describe("Loop iteration by libuv's count; 0 is the one that scheduled all callbacks"),
  afterwards: z.array(z.string()).describe('What ran before the next callback'),
});
export type Step = z.infer<typeof stepSchema>;

const resultSchema = z.strictObject({
  rounds: z.number(),
  sameOrder: z.number().describe('Rounds with the same order as the first'),
  order: z.array(z.string()),
  steps: z.array(stepSchema).describe('The first round'),
});

export const phases = demoRoute({
  method: 'get',
  path: '/phases',
  title: 'Phases of the loop',
  summary:
    'Schedules a callback in four of the six documented phases at once and records the order and the iterations.',
  teaches:
    'The event loop cycles through timers, poll, check and close, and empties the nextTick and microtask queues after ' +
    'each callback. Since libuv 1.45 (Node.js 20) timers run at the end of an iteration; the cycle is the same.',
  alone: true,
  query: z.object({
    rounds: wholeNumber('Number of rounds', { min: 1, max: 100, default: 20 }),
  }),
  result: resultSchema,
  examples: [{ title: 'The order of the phases', query: { as: 'text' } }],
  contrasts: ['event-loop/order?from=io'],
  async run({ query, signal, timeline }) {
    const rounds = await overLoopback(
      (_req, res) => res.end(),
      async (origin) => {
        const done: Step[][] = [];
        while (done.length < query.rounds && !signal.aborted) {
          done.push(await runRound(Number(new URL(origin).port), done.length === 0 ? timeline : undefined));
        }
        return done;
      },
    );
    const [first = []] = rounds;
    const result = {
      rounds: rounds.length,
      sameOrder: rounds.filter((round) => orderOf(round) === orderOf(first)).length,
      order: first.map(({ callback }) => callback),
      steps: first,
    };
    return { result, lesson: conclude(first, result.sameOrder, rounds.length) };
  },
});

/** Schedules one callback for each phase, from a close callback: the timers are the next phase. */
async function runRound(port: number, timeline: Timeline | undefined): Promise<Step[]> {
  const [starter, closing] = await Promise.all([open(port), open(port)]);
  try {
    return await new Promise((resolve) => {
      starter.once('close', () => {
        const firstIteration = currentIteration();
        const steps: Step[] = [];
        const record = (callback: string) => {
          const end = timeline?.begin(callback, callback);
          const afterwards: string[] = [];
          steps.push({ callback, iteration: currentIteration() - firstIteration, afterwards });
          process.nextTick(() => afterwards.push('nextTick'));
          void Promise.resolve().then(() => afterwards.push('microtask'));
          end?.();
          // Resolves one iteration later, so that an unexpected callback is recorded too.
          if (steps.length === PHASES.length) setImmediate(() => resolve(steps));
        };
        // Scheduled in another order than that of the phases.
        closing.once('close', () => record('close'));
        closing.destroy();
        setImmediate(() => record('check'));
        stat('/', () => record('poll'));
        setTimeout(() => record('timers'), 0);
        blockLoop(BLOCK_MS);
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

function currentIteration(): number {
  return performance.nodeTiming.uvMetricsInfo.loopCount;
}

/** Makes everything due by the time the event loop continues. */
function blockLoop(durationMs: number): void {
  const end = performance.now() + durationMs;
  while (performance.now() < end);
}

function orderOf(round: readonly Step[]): string {
  return round.map(({ callback }) => callback).join(', ');
}

export function conclude(first: readonly Step[], sameOrder: number, rounds: number): Lesson {
  const order = orderOf(first);
  const expected = order === PHASES.join(', ');
  const inRounds = `in ${sameOrder} of ${count(rounds, 'round')}`;
  const drained = first.filter(({ afterwards }) => afterwards.join() === 'nextTick,microtask').length;
  const iterations = [...Map.groupBy(first, ({ iteration }) => iteration)].map(
    ([iteration, steps]) => `${orderOf(steps)} in iteration ${iteration}`,
  );
  const timers = first.find(({ callback }) => callback === 'timers')?.iteration ?? 0;
  const timersEndIteration = first.some(({ iteration }) => iteration > timers);
  return {
    headline: expected ? `Callbacks ran in phase order ${inRounds}` : 'Callbacks did not run in phase order',
    text:
      `Scheduled at the same moment in another order, the callbacks ran as ${order} ${inRounds}, ` +
      `which is ${expected ? '' : 'not '}the order of the phases. libuv counted ${iterations.join(' and ')}` +
      `${timersEndIteration ? ': it runs timers at the end of an iteration' : ''}. ` +
      `After ${drained} of ${count(first.length, 'callback')}, nextTick and then the microtask ran before the next one.`,
  };
}
