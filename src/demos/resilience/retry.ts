import { z } from 'zod';
import { count, ms, times } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import { RETRY, retryPolicies, type RetryJob, type RetryReport } from './retry-protocol.ts';

const program = new URL('./retry-thread.ts', import.meta.url);

/** More clients would be unreadable bars. */
const MAX_BARS = 20;

const resultSchema = z.strictObject({
  policy: z.enum(retryPolicies),
  clients: z.number(),
  cutCalls: z.number().describe('Calls in flight when the server cut its connections'),
  lostCalls: z.number().describe('Calls that failed in the end'),
  requestsPerCutCall: z.number().describe('Requests from the cut until every client has a response'),
  usualPerSlot: z.number().describe('Requests in a slot before the outage'),
  peak: z.number().describe(`The most requests within ${RETRY.windowMs} ms after the cut`),
  peakRatio: z.number().describe('How many times the usual number in such a window'),
  refusedByHealthyServer: z
    .number()
    .describe('Refused after the restart, because more came at once than it can serve'),
  recoveredMs: z
    .number()
    .nullable()
    .describe('From the restart until every client had a response; null if one gave up'),
  slots: z
    .array(
      z.strictObject({
        afterCutMs: z.number(),
        requests: z.number(),
        served: z.number(),
        load: z.string().describe('One mark for the usual number of requests, at most 20'),
      }),
    )
    .describe(`Requests in slots of ${RETRY.slotMs} ms, from the cut on`),
});
type Result = z.infer<typeof resultSchema>;

export const retryRoute = demoRoute({
  method: 'get',
  path: '/retry',
  title: 'Retry after an outage',
  summary:
    'Many clients call a private server that cuts all of them at once and restarts, and retry by one policy (cockatiel).',
  teaches:
    'Clients that failed at the same moment retry at the same moment: a retry storm, or thundering herd. Exponential ' +
    'backoff makes them wait, and only jitter, a random part of the wait, spreads them.',
  query: z.object({
    policy: oneOf('When a client retries', retryPolicies),
    clients: wholeNumber('Clients of the server', { min: 10, max: 100, default: 50 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'No retry', query: { policy: 'none', as: 'text' } },
    { title: 'At once', query: { policy: 'immediate', as: 'text' } },
    { title: 'Exponential backoff', query: { policy: 'backoff', as: 'text' } },
    { title: 'Exponential backoff with jitter', query: { policy: 'jitter', as: 'text' } },
  ],
  contrasts: [
    'resilience/retry?policy=none',
    'resilience/retry?policy=immediate',
    'resilience/retry?policy=backoff',
    'resilience/retry?policy=jitter',
  ],
  async run({ query, signal, timeline, resources }) {
    const data: RetryJob = query;
    const report = await resources.budgets.threads.use(1, signal, () =>
      resources.threads.run(
        program,
        { data, signal },
        async (thread) => (await nextMessage<RetryReport>(thread)).message,
      ),
    );
    draw(report, timeline);
    const result = summarize(query, report);
    return { result, lesson: conclude(result) };
  },
});

/** Draws the restart, and from the cut to the first response of each client. */
function draw({ cutAtMs, recoveries }: RetryReport, timeline: Timeline): void {
  const zero = timeline.now() - (monotonicMs() - cutAtMs);
  timeline.add('restarts', 'server', zero, zero + RETRY.restartMs);
  for (const [index, recoveredMs] of recoveries.entries()) {
    if (index >= MAX_BARS) timeline.leaveOut();
    else timeline.add(`client ${index + 1}`, 'until served', zero, zero + (recoveredMs ?? RETRY.giveUpMs));
  }
}

export function summarize({ policy, clients }: RetryJob, report: RetryReport): Result {
  const { cut, lost, peak, refusedByHealthy, slots, recoveries } = report;
  const usualPerSlot = (report.usual * RETRY.slotMs) / RETRY.everyMs;
  const requests = slots.reduce((sum, slot) => sum + slot.requests, 0);
  const known = recoveries.filter((each) => each !== null);
  return {
    policy,
    clients,
    cutCalls: cut,
    lostCalls: lost,
    requestsPerCutCall: toMicroseconds(requests / cut),
    usualPerSlot,
    peak,
    peakRatio: toMicroseconds((peak * RETRY.slotMs) / (usualPerSlot * RETRY.windowMs)),
    refusedByHealthyServer: refusedByHealthy,
    recoveredMs:
      known.length < recoveries.length ? null : toMicroseconds(Math.max(...known) - RETRY.restartMs),
    slots: slots.map((slot, index) => ({
      afterCutMs: index * RETRY.slotMs,
      ...slot,
      load: '#'.repeat(Math.min(20, Math.round(slot.requests / usualPerSlot))),
    })),
  };
}

const names = {
  immediate: 'Immediate retries',
  backoff: 'Backoff without jitter',
  jitter: 'Backoff with jitter',
} as const;

export function conclude(result: Result): Lesson {
  const { policy, clients, cutCalls, lostCalls, peak, peakRatio, recoveredMs } = result;
  if (cutCalls < clients) {
    return {
      headline: 'This run does not tell: not every client was cut',
      text: `Only ${cutCalls} of ${count(clients, 'client')} had a call in flight: the machine was too busy.`,
    };
  }
  const recovery =
    recoveredMs === null
      ? 'Some clients gave up before they had a response.'
      : `Every client was served ${ms(recoveredMs)} after the restart.`;
  const load =
    `The peak was ${count(peak, 'request')} within ${RETRY.windowMs} ms, ${times(peakRatio)} the usual load, and the ` +
    `restarted server refused ${count(result.refusedByHealthyServer, 'request')} that were too many at once.`;
  if (policy === 'none') {
    return {
      headline: `Without retries ${count(lostCalls, 'call')} failed`,
      text: `The server cut ${count(cutCalls, 'call')} and restarted within ${ms(RETRY.restartMs)}. ${load} ${recovery}`,
    };
  }
  const text = `Each of the ${cutCalls} calls that were cut took ${result.requestsPerCutCall.toFixed(1)} requests, and ${lostCalls === 0 ? 'none' : lostCalls} failed in the end. ${load} ${recovery}`;
  return {
    headline: `${names[policy]}: ${times(peakRatio)} the usual load${recoveredMs === null ? '' : `, recovered in ${ms(recoveredMs)}`}`,
    text,
  };
}
