import { z } from 'zod';
import { median } from '../../shared/statistics.ts';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, type Lesson } from '../kit/demo.ts';
import { monotonicMs } from '../kit/measure/monotonic.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import {
  guards,
  SLOW_DEPENDENCY,
  type Call,
  type Guard,
  type SlowDependencyJob,
  type SlowDependencyReport,
} from './slow-dependency-protocol.ts';

const program = new URL('./slow-dependency-thread.ts', import.meta.url);

const {
  connections,
  workMs,
  hangsFromMs,
  hangsUntilMs,
  endMs,
  timeoutMs,
  bulkhead,
  failures,
  halfOpenAfterMs,
} = SLOW_DEPENDENCY;

/** A call that takes longer than its work by more than this, although nothing hangs, shows that the machine is busy. */
const MAX_OVERHEAD_MS = 100;

const resultSchema = z.strictObject({
  guard: z.enum(guards),
  connections: z.number().describe('Connections that the calls to both dependencies share'),
  hungMs: z.number().describe('How long one of them responded to nothing'),
  healthy: z
    .strictObject({
      calls: z.number(),
      succeeded: z.number(),
      usualMs: z.number().describe('The median before the other one hung'),
      medianMs: z.number(),
      p99Ms: z.number(),
    })
    .describe('Calls to the other one in this time'),
  hanging: z
    .strictObject({
      calls: z.number(),
      succeeded: z.number(),
      timedOut: z.number(),
      spared: z.number().describe('Rejected by the guard without a call'),
      medianMs: z.number().describe('Until the caller had a response or an error'),
      peakInFlight: z.number().describe('Includes calls that waited for a connection'),
    })
    .describe('Calls to the one that hung in this time'),
  firstSuccessAfterMs: z
    .number()
    .nullable()
    .describe('From the end of the hang to the first new call that succeeded; null if none did'),
});
type Result = z.infer<typeof resultSchema>;

export const slowDependency = demoRoute({
  method: 'get',
  path: '/slow-dependency',
  title: 'Survive a dependency that hangs',
  summary:
    'Calls two dependencies through one pool of connections while one of them hangs, behind one guard (cockatiel).',
  teaches:
    'A dependency that hangs takes every connection that waits for it, and so the healthy ones with it: a cascading ' +
    'failure. A timeout bounds each call, a bulkhead the calls in flight, and a circuit breaker stops calling it.',
  query: z.object({ guard: oneOf('What protects the calls to the dependency that hangs', guards) }),
  result: resultSchema,
  examples: [
    { title: 'No guard', query: { guard: 'none', as: 'text' } },
    { title: 'A timeout', query: { guard: 'timeout', as: 'text' } },
    { title: 'A bulkhead', query: { guard: 'bulkhead', as: 'text' } },
    { title: 'A circuit breaker', query: { guard: 'breaker', as: 'text' } },
  ],
  contrasts: [
    'resilience/slow-dependency?guard=none',
    'resilience/slow-dependency?guard=timeout',
    'resilience/slow-dependency?guard=bulkhead',
    'resilience/slow-dependency?guard=breaker',
  ],
  async run({ query, signal, timeline, resources }) {
    const data: SlowDependencyJob = query;
    const report = await resources.budgets.threads.use(1, signal, () =>
      resources.threads.run(
        program,
        { data, signal },
        async (thread) => (await nextMessage<SlowDependencyReport>(thread)).message,
      ),
    );
    draw(report, timeline);
    const result = summarize(query.guard, report);
    return { result, lesson: conclude(result) };
  },
});

/** Draws the hang and the states of the breaker. */
function draw({ startedAtMs, states }: SlowDependencyReport, timeline: Timeline): void {
  const zero = timeline.now() - (monotonicMs() - startedAtMs);
  timeline.add('hangs', 'dependency', zero + hangsFromMs, zero + hangsUntilMs);
  for (const [index, { state, startMs }] of states.entries()) {
    timeline.add(state, 'breaker', zero + startMs, zero + (states[index + 1]?.startMs ?? endMs));
  }
}

export function summarize(guard: Guard, report: SlowDependencyReport): Result {
  const inHang = ({ startMs }: Call) => startMs >= hangsFromMs && startMs < hangsUntilMs;
  const healthy = report.healthy.filter(inHang);
  const hanging = report.slow.filter(inHang);
  const before = report.healthy.filter(({ startMs }) => startMs < hangsFromMs);
  const ended = (calls: readonly Call[], outcome: Call['outcome']) =>
    calls.filter((call) => call.outcome === outcome).length;
  const firstAfter = report.slow.find(
    ({ startMs, outcome }) => startMs >= hangsUntilMs && outcome === 'succeeded',
  );
  return {
    guard,
    connections,
    hungMs: hangsUntilMs - hangsFromMs,
    healthy: {
      calls: healthy.length,
      succeeded: ended(healthy, 'succeeded'),
      usualMs: percentileMs(before, 0.5),
      medianMs: percentileMs(healthy, 0.5),
      p99Ms: percentileMs(healthy, 0.99),
    },
    hanging: {
      calls: hanging.length,
      succeeded: ended(hanging, 'succeeded'),
      timedOut: ended(hanging, 'timedOut'),
      spared: ended(hanging, 'spared'),
      medianMs: toMicroseconds(median(hanging.map(({ startMs, endMs: at }) => at - startMs))),
      peakInFlight: report.peakInFlight,
    },
    firstSuccessAfterMs: firstAfter === undefined ? null : toMicroseconds(firstAfter.endMs - hangsUntilMs),
  };
}

function percentileMs(calls: readonly Call[], share: number): number {
  const sorted = calls.map(({ startMs, endMs: at }) => at - startMs).sort((a, b) => a - b);
  return toMicroseconds(sorted[Math.ceil(share * sorted.length) - 1] ?? 0);
}

const measures: Readonly<Record<Guard, string>> = {
  none: 'Without a guard',
  timeout: `With a timeout of ${timeoutMs} ms`,
  bulkhead: `With a bulkhead of ${bulkhead} calls`,
  breaker: `With a breaker that opens after ${failures} failures`,
};

export function conclude(result: Result): Lesson {
  const { guard, healthy, hanging, firstSuccessAfterMs } = result;
  if (healthy.usualMs > workMs + MAX_OVERHEAD_MS) {
    return {
      headline: 'This run does not tell: calls were slow before the hang',
      text: `A call took ${ms(healthy.usualMs)} at the median before anything hung: the machine was too busy.`,
    };
  }
  const effect = `The healthy one took ${ms(healthy.medianMs)} at the median and ${ms(healthy.p99Ms)} at p99, instead of ${ms(healthy.usualMs)}.`;
  const ended = [
    hanging.timedOut > 0 ? `${hanging.timedOut} timed out` : '',
    hanging.spared > 0 ? `${hanging.spared} were rejected without a call` : '',
    `up to ${hanging.peakInFlight} were in flight at once, for ${count(connections, 'connection')}`,
  ].filter(Boolean);
  const figures = `${measures[guard]}, of ${count(hanging.calls, 'call')} to the one that hung, ${ended.join(', and ')}.`;
  const after =
    guard === 'breaker' && firstSuccessAfterMs !== null
      ? ` A call succeeded ${ms(firstSuccessAfterMs)} after the hang: an open breaker tries again every ${halfOpenAfterMs} ms.`
      : '';
  return {
    headline: `${headings[guard]}: calls to the healthy dependency took ${ms(healthy.p99Ms)} (p99)`,
    text: `${effect} ${figures}${after}`,
  };
}

const headings: Readonly<Record<Guard, string>> = {
  none: 'Without a guard',
  timeout: 'Timeout',
  bulkhead: 'Bulkhead',
  breaker: 'Circuit breaker',
};
