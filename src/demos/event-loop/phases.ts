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
type Phase = (typeof PHASES)[number];
/** With one callback per phase, a queue that is emptied only after each phase would look the same. */
const PER_PHASE = 2;

const stepSchema = z.strictObject({
  callback: z.string().describe('The phase, and the ordinal of the callback in it'),
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
  summary: 'Schedules two callbacks in each of four phases at once and records the order and the iterations.',
  teaches:
    'Node.js empties the nextTick and microtask queues after each callback, not after each phase (since Node.js 11). The ' +
    'loop cycles through timers, poll, check and close. Two more phases are not visible here: idle and prepare, which ' +
    'libuv uses itself, and pending callbacks, which holds a few deferred I/O errors: the callback of a file operation ' +
    'runs in poll. Since libuv 1.45 (Node.js 20) timers run at the end of an iteration; the cycle is the same.',
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
  const starter = await open(port);
  const closing = await Promise.all(Array.from({ length: PER_PHASE }, () => open(port)));
  try {
    return await new Promise((resolve) => {
      starter.once('close', () => {
        const firstIteration = currentIteration();
        const steps: Step[] = [];
        const record = (phase: Phase) => {
          const ordinal = 1 + steps.filter(({ callback }) => callback.startsWith(phase)).length;
          const end = timeline?.begin(`${phase} ${ordinal}`, phase);
          steps.push({
            callback: `${phase} ${ordinal}`,
            iteration: currentIteration() - firstIteration,
            afterwards: [],
          });
          // To the step that is the latest when they run.
          const recordAfterwards = (queue: string) => steps.at(-1)?.afterwards.push(queue);
          process.nextTick(() => recordAfterwards('nextTick'));
          void Promise.resolve().then(() => recordAfterwards('microtask'));
          end?.();
          // Resolves one iteration later, so that an unexpected callback is recorded too.
          if (steps.length === PHASES.length * PER_PHASE) setImmediate(() => resolve(steps));
        };
        // Scheduled in another order than that of the phases.
        for (const socket of closing) {
          socket.once('close', () => record('close'));
          socket.destroy();
          setImmediate(() => record('check'));
          stat('/', () => record('poll'));
          setTimeout(() => record('timers'), 0);
        }
        blockLoop(BLOCK_MS);
      });
      starter.destroy();
    });
  } finally {
    for (const socket of closing) socket.destroy();
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
  const expected =
    order ===
    PHASES.flatMap((phase) => Array.from({ length: PER_PHASE }, (_, i) => `${phase} ${i + 1}`)).join(', ');
  const inRounds = `in ${sameOrder} of ${count(rounds, 'round')}`;
  const drained = first.filter(({ afterwards }) => afterwards.join() === 'nextTick,microtask').length;
  const iterations = [...Map.groupBy(first, ({ iteration }) => iteration)].map(
    ([iteration, steps]) => `${phasesOf(steps)} in iteration ${iteration}`,
  );
  const timers = first.find(({ callback }) => callback.startsWith('timers'))?.iteration ?? 0;
  const timersEndIteration = first.some(({ iteration }) => iteration > timers);
  return {
    headline: expected ? `Callbacks ran in phase order ${inRounds}` : 'Callbacks did not run in phase order',
    text:
      `After ${drained} of ${count(first.length, 'callback')}, nextTick and then the microtask ran before the next ` +
      `callback, ${drained === first.length ? 'also' : 'and not always'} between two callbacks of the same phase. ` +
      `Scheduled at the same moment in another order, the callbacks ran as ${order} ${inRounds}, ` +
      `which is ${expected ? '' : 'not '}the order of the phases. libuv counted ${iterations.join(' and ')}` +
      `${timersEndIteration ? ': it runs timers at the end of an iteration' : ''}.`,
  };
}

function phasesOf(steps: readonly Step[]): string {
  return [...new Set(steps.map(({ callback }) => callback.replace(/ .*/, '')))].join(', ');
}
