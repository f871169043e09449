import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import type { DrainJob, DrainReport } from './drain-thread.ts';

const program = new URL('./drain-thread.ts', import.meta.url);

const SETTLE_MS = 300;
const PROBE_MS = 100;
const WATCH_MS = 1_200;

const resultSchema = z.strictObject({
  way: z.enum(['close', 'settle']),
  clients: z.number(),
  requests: z.number().describe('Requests that began after the stop did'),
  servedByStopping: z.number().describe('Served by the server that stops'),
  servedByOther: z.number(),
  lost: z.number().describe('Refused, or closed before the response'),
  refused: z.number(),
  reset: z.number(),
  noticedMs: z.number().nullable().describe('Until the balancer sent no more requests there'),
  closedMs: z
    .number()
    .nullable()
    .describe(`Until the server was closed; null if it was not after ${WATCH_MS} ms`),
  stillOpen: z.number().describe('Its connections that were open then'),
});
type Result = z.infer<typeof resultSchema>;

export const drainRoute = demoRoute({
  method: 'get',
  path: '/drain',
  title: 'Stop a server without losing requests',
  summary:
    'Stops one of two private servers while clients with kept connections call them through a balancer, and counts lost requests.',
  teaches:
    'server.close() refuses new connections at once, while the balancer still sends requests. A graceful shutdown is a ' +
    'sequence: fail the readiness probe, serve on with Connection: close until the balancer has noticed, then close.',
  query: z.object({
    way: oneOf('How the server stops: server.close() alone, or after a settle window', ['close', 'settle']),
    clients: wholeNumber('Clients, each with a kept connection', { min: 5, max: 50, default: 20 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'server.close() alone', query: { way: 'close', as: 'text' } },
    { title: 'Announced first', query: { way: 'settle', as: 'text' } },
  ],
  contrasts: ['http/drain?way=close', 'http/drain?way=settle', 'failures/aftermath'],
  async run({ query: { way, clients }, signal, timeline, resources }) {
    const data: DrainJob = { way, clients, settleMs: SETTLE_MS, probeMs: PROBE_MS, watchMs: WATCH_MS };
    const report = await resources.budgets.threads.use(1, signal, () =>
      resources.threads.run(
        program,
        { data, signal },
        async (thread) => (await nextMessage<DrainReport>(thread)).message,
      ),
    );
    draw(way, report, timeline);
    const result = summarize({ way, clients }, report);
    return { result, lesson: conclude(result) };
  },
});

function draw(way: string, { stopAtMs, noticedMs, closedMs }: DrainReport, timeline: Timeline): void {
  const zero = timeline.now() - (monotonicMs() - stopAtMs);
  const closeMs = way === 'settle' ? SETTLE_MS : 0;
  timeline.add('sends requests to it', 'balancer', zero, zero + (noticedMs ?? WATCH_MS));
  if (way === 'settle') timeline.add('settles', 'server', zero, zero + closeMs);
  timeline.add('closes', 'server', zero + closeMs, zero + (closedMs ?? WATCH_MS));
}

export function summarize(job: Pick<DrainJob, 'way' | 'clients'>, report: DrainReport): Result {
  const { servedByStopping, servedByOther, refused, reset, noticedMs, closedMs, stillOpen } = report;
  const lost = refused + reset;
  return {
    way: job.way,
    clients: job.clients,
    requests: servedByStopping + servedByOther + lost,
    servedByStopping,
    servedByOther,
    lost,
    refused,
    reset,
    noticedMs: noticedMs === null ? null : toMicroseconds(noticedMs),
    closedMs: closedMs === null ? null : toMicroseconds(closedMs),
    stillOpen,
  };
}

export function conclude(result: Result): Lesson {
  const { way, requests, servedByStopping, lost, refused, reset, noticedMs, closedMs, stillOpen } = result;
  if (noticedMs === null || (way === 'settle' && noticedMs > SETTLE_MS)) {
    return {
      headline: 'This run does not tell: the balancer noticed the stop too late',
      text: `It had ${ms(way === 'settle' ? SETTLE_MS : WATCH_MS)} to notice, and asks every ${ms(PROBE_MS)}: the machine was too busy.`,
    };
  }
  const closed =
    closedMs === null
      ? `After ${ms(WATCH_MS)} the server was not closed: ${count(stillOpen, 'connection')} that clients keep ${stillOpen === 1 ? 'was' : 'were'} still open.`
      : `The server was closed after ${ms(closedMs)}.`;
  return {
    headline:
      way === 'close'
        ? `server.close() alone lost ${lost} of ${count(requests, 'request')}`
        : `Settling first lost ${lost} of ${count(requests, 'request')}`,
    text:
      `The balancer sent requests there for another ${ms(noticedMs)}: ${servedByStopping} were served, ${refused} refused ` +
      `and ${reset} reset. ${closed}`,
  };
}
