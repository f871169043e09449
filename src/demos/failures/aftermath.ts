import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, type Lesson } from '../kit/demo.ts';
import { fetchResponse } from '../kit/measure/loopback.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import type { Child } from '../kit/resources/children.ts';
import { withChild } from '../kit/resources/with-child.ts';
import { AFTERMATH, type AftermathMessage } from './aftermath-protocol.ts';

const program = new URL('./aftermath-child.ts', import.meta.url);

/** Requests on new connections after the failure, and the pause before each. */
const LATE_REQUESTS = 10;
const LATE_EVERY_MS = 20;
/** Longer than any drain: a service that has not exited by then goes on. */
const SETTLE_MS = 200;

const ends = ['exit', 'handled', 'sigterm', 'sigkill', 'uncaught', 'unhandled', 'block'] as const;
type End = (typeof ends)[number];
const signals: Readonly<Partial<Record<End, NodeJS.Signals>>> = { sigterm: 'SIGTERM', sigkill: 'SIGKILL' };

const outcomes = z.strictObject({
  answered: z.number(),
  cut: z.number().describe('The connection closed before the response was complete'),
  refused: z.number().describe('The connection was not accepted'),
});
type Outcomes = z.infer<typeof outcomes>;

const resultSchema = z.strictObject({
  end: z.enum(ends),
  handlers: z.string(),
  waitingAtTheEnd: z.number().describe('Requests in flight that had no response when the service failed'),
  inFlight: outcomes.describe('What became of them'),
  slowestMs: z.number().nullable().describe('The slowest response of them, from the failure on'),
  late: outcomes.describe(`What became of ${LATE_REQUESTS} requests on new connections after it`),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  exitedMs: z.number().nullable().describe('From the failure to the exit; null if the service goes on'),
});
type Result = z.infer<typeof resultSchema>;

export const aftermathRoute = demoRoute({
  method: 'get',
  path: '/aftermath',
  title: 'Count what a failure costs',
  summary: `Ends a small service in a child process with ${AFTERMATH.requests} requests in flight, and counts what becomes of them.`,
  teaches:
    'An error that a handler catches costs one request. An exit, a kill or an uncaught error cuts every request in flight, ' +
    'unless the service drains: it accepts nothing more, completes what it has, and exits.',
  query: z.object({
    end: oneOf('How the service fails', ends),
    handlers: oneOf(
      'What the service does on SIGTERM and after an uncaught error: drain, or the default of Node.js',
      ['drain', 'none'],
    ),
  }),
  result: resultSchema,
  examples: [
    { title: 'process.exit in a handler', query: { end: 'exit', as: 'text' } },
    { title: 'An error that is handled', query: { end: 'handled', as: 'text' } },
    { title: 'SIGTERM, with a drain', query: { end: 'sigterm', as: 'text' } },
    { title: 'SIGTERM, without one', query: { end: 'sigterm', handlers: 'none', as: 'text' } },
    { title: 'SIGKILL', query: { end: 'sigkill', as: 'text' } },
    {
      title: 'An uncaught exception, without handlers',
      query: { end: 'uncaught', handlers: 'none', as: 'text' },
    },
    { title: 'An unhandled rejection, with a drain', query: { end: 'unhandled', as: 'text' } },
    { title: 'A blocked event loop', query: { end: 'block', as: 'text' } },
  ],
  contrasts: [
    'failures/aftermath?end=handled',
    'failures/aftermath?end=exit',
    'failures/aftermath?end=sigterm',
    'failures/aftermath?end=sigterm&handlers=none',
    'failures/aftermath?end=uncaught&handlers=none',
  ],
  async run({ query: { end, handlers }, signal, timeline, resources }) {
    const result = await resources.budgets.children.use(1, signal, () =>
      withChild(resources.children.startNode(program, { signal, ipc: true, args: [handlers] }), (child) =>
        watchEnd(child, end, handlers, timeline, signal),
      ),
    );
    return { result, lesson: conclude(result) };
  },
});

type Outcome = keyof Outcomes;

async function watchEnd(
  child: Child,
  end: End,
  handlers: string,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Result> {
  const { port } = await nextReport(child, ({ port: bound }) => bound !== undefined);
  const origin = `http://127.0.0.1:${port ?? 0}`;
  let failedAt: number | undefined;
  let waiting: number = AFTERMATH.requests;
  let slowestMs: number | null = null;

  const allArrived = nextReport(child, ({ working }) => working === AFTERMATH.requests);
  const inFlight = Array.from({ length: AFTERMATH.requests }, async (_, index) => {
    const record = timeline.begin(`request ${index + 1}`, 'in flight');
    const outcome = await tryRequest(`${origin}/work`, signal);
    record();
    waiting -= 1;
    if (failedAt !== undefined && outcome === 'answered')
      slowestMs = toMicroseconds(timeline.now() - failedAt);
    return outcome;
  });
  await allArrived;

  const startMs = (failedAt = timeline.now());
  const waitingAtTheEnd = waiting;
  const exited = child.exited.then((exit) => ({
    ...exit,
    exitedMs: toMicroseconds(timeline.now() - startMs),
  }));
  const sent = signals[end];
  // The request that makes the service fail is not counted: its own response depends on how it fails.
  const trigger = sent === undefined ? tryRequest(`${origin}/${end}`, signal) : child.process.kill(sent);
  const late: Promise<Outcome>[] = [];
  for (let number = 0; number < LATE_REQUESTS; number += 1) {
    await sleep(LATE_EVERY_MS, undefined, { signal });
    late.push(tryRequest(`${origin}/late`, signal));
  }
  const [became, becameOfLate] = await Promise.all([Promise.all(inFlight), Promise.all(late), trigger]);
  signal.throwIfAborted();
  const exit = await Promise.race([exited, sleep(SETTLE_MS, undefined, { signal })]);
  const endMs = exit === undefined ? timeline.now() : startMs + exit.exitedMs;
  timeline.add(exit === undefined ? end : `${end}, then exit`, 'service', startMs, endMs);
  return {
    end,
    handlers,
    waitingAtTheEnd,
    inFlight: tally(became),
    slowestMs,
    late: tally(becameOfLate),
    exitCode: exit?.code ?? null,
    signal: exit?.signal ?? null,
    exitedMs: exit?.exitedMs ?? null,
  };
}

/** Resolves with the first message of the service that meets a condition. @throws if the service exits first */
async function nextReport(
  child: Child,
  meets: (message: AftermathMessage) => boolean,
): Promise<AftermathMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<AftermathMessage>();
  // Listens all the time: several messages may arrive at once.
  const listener = (message: unknown) => {
    if (meets(message as AftermathMessage)) resolve(message as AftermathMessage);
  };
  child.process.on('message', listener);
  void child.exited.then(() => reject(new Error('the service exited before it was ready')));
  try {
    return await promise;
  } finally {
    child.process.off('message', listener);
  }
}

/** Never rejects, also if it is aborted: several of them are awaited only later. */
async function tryRequest(url: string, signal: AbortSignal): Promise<Outcome> {
  try {
    await fetchResponse(url, { signal });
    return 'answered';
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ECONNREFUSED' ? 'refused' : 'cut';
  }
}

function tally(became: readonly Outcome[]): Outcomes {
  const of = (outcome: Outcome) => became.filter((each) => each === outcome).length;
  return { answered: of('answered'), cut: of('cut'), refused: of('refused') };
}

const causes: Readonly<Record<End, string>> = {
  exit: 'process.exit',
  handled: 'A handled error',
  sigterm: 'SIGTERM',
  sigkill: 'SIGKILL',
  uncaught: 'An uncaught exception',
  unhandled: 'An unhandled rejection',
  block: 'A blocked event loop',
};

export function conclude(result: Result): Lesson {
  const { end, inFlight, late, slowestMs, waitingAtTheEnd, exitCode, signal, exitedMs } = result;
  const all = inFlight.answered + inFlight.cut + inFlight.refused;
  if (waitingAtTheEnd < all) {
    return {
      headline: 'This run does not tell: responses were sent before the failure',
      text: `Only ${waitingAtTheEnd} of ${count(all, 'request')} were in flight when the service failed: the machine was too busy.`,
    };
  }
  const lost = inFlight.cut + inFlight.refused;
  const exit =
    exitedMs === null
      ? 'The service went on'
      : `The service exited with ${signal === null ? `code ${exitCode ?? 'none'}` : `signal ${signal}`} after ${ms(exitedMs)}`;
  const slowest = slowestMs === null ? '' : ` The slowest response came ${ms(slowestMs)} after the failure.`;
  const after = `Of ${count(LATE_REQUESTS, 'later request')}, ${late.answered} were answered, ${late.cut} cut and ${late.refused} refused.`;
  const verdict =
    lost === 0
      ? exitedMs === null
        ? (slowestMs ?? 0) >= AFTERMATH.blockMs
          ? 'Nothing was lost, but everything waited until the event loop was free. To kill a blocked service cuts all of it.'
          : 'Nothing was lost but what failed itself.'
        : 'It drained: nothing in flight was lost, and only new connections were refused.'
      : 'Nothing was drained: clients cannot know which of these requests took effect.';
  return {
    headline: `${causes[end]} cut ${lost} of ${count(all, 'request')} in flight`,
    text: `${inFlight.answered} were answered, ${inFlight.cut} cut and ${inFlight.refused} refused. ${exit}.${slowest} ${after} ${verdict}`,
  };
}
