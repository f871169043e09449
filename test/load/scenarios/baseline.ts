import { format } from '../report/units.ts';
import { MAIN, ratio, type Phase, type RunOf, type Scenario } from '../scenario.ts';
import { findKnee, type Step } from '../statistics.ts';

/** About a millisecond of work: enough that the load costs little beside it. */
const shot = { path: '/demos/cpu/inline?limit=20000' };
/** Nothing is shed: here the bare queue is to be seen. What shedding does to it is in `overload`. */
const settings = { WORKERS: '1', OVERLOAD_MAX_DELAY_MS: '0' };

const LOW = 0.3;
const HIGH = 1.3;

function closedStep(connections: number, seconds: number): Phase {
  const load = { model: 'closed', connections, shot } as const;
  return {
    name: `${connections} connection${connections === 1 ? '' : 's'}`,
    seconds,
    loads: { [MAIN]: load },
    measures: 'capacity',
  };
}

function openStep(times: number, seconds: number): Phase {
  const load = { model: 'open', rate: { times }, shot } as const;
  return { name: nameOf(times), seconds, loads: { [MAIN]: load } };
}

function nameOf(times: number): string {
  return `${Math.round(times * 100)} %`;
}

export const baseline = {
  name: 'baseline',
  title: 'Throughput and latency, to the knee',
  teaches:
    'With a fixed number of connections a service never gets more than it can answer, and looks well at its limit. ' +
    'Independent clients do not wait: beyond the knee the queue grows as long as they come.',
  expects:
    'Both curves rise slowly up to the capacity; there the closed one turns up gently, and the open one shoots up as a wall.',
  variants: (short) => [
    {
      name: 'closed',
      settings,
      phases: (short ? [2, 8] : [1, 2, 4, 8, 16, 32]).map((connections) =>
        closedStep(connections, short ? 1.5 : 2.5),
      ),
    },
    {
      name: 'open',
      settings,
      phases: (short ? [LOW, HIGH] : [0.1, LOW, 0.5, 0.7, 0.8, 0.9, 1, HIGH]).map((times) =>
        openStep(times, short ? 2 : 3),
      ),
    },
  ],
  chart: {
    kind: 'curve',
    xLabel: 'requests a second',
    xUnit: 'per second',
    x: ({ streams }) => streams[MAIN]?.sentPerSecond,
    yLabel: 'p99 latency',
    unit: 'ms',
    logarithmic: true,
    of: ({ streams }) => streams[MAIN]?.p99 ?? undefined,
  },
  thresholds: [
    {
      what: `open: p50 at ${nameOf(HIGH)} of the capacity against that at ${nameOf(LOW)}`,
      atLeast: 5,
      short: 2,
      unit: 'times',
      of: (run) => ratio(stepOf(run, HIGH)?.p50, stepOf(run, LOW)?.p50),
    },
    {
      what: `open: share of the requests answered in time at ${nameOf(LOW)} of the capacity`,
      atLeast: 0.99,
      short: 0.9,
      unit: 'share',
      of: (run) => ratio(stepOf(run, LOW)?.ok, stepOf(run, LOW)?.sent),
    },
    {
      what: 'closed: requests that failed',
      atMost: 0,
      unit: 'count',
      of: (run) =>
        run.variants
          .find(({ name }) => name === 'closed')
          ?.phases.reduce((sum, { streams }) => sum + (streams[MAIN]?.failed ?? 0), 0),
    },
  ],
  concludes(run) {
    const closed = run.variants.find(({ name }) => name === 'closed')?.phases ?? [];
    const peak = Math.max(...closed.map(({ streams }) => streams[MAIN]?.goodput ?? 0));
    const knee = findKnee(openSteps(run));
    const beyond = stepOf(run, HIGH);
    const closedWorst = closed.at(-1)?.streams[MAIN];
    const atKnee =
      knee === undefined
        ? 'no knee was found: the first step was too much already'
        : `the open curve had its knee at ${format(knee.offered, 'per second')} with a p99 of ${format(knee.p99, 'ms')}`;
    return (
      `One worker answered up to ${format(peak, 'per second')}; ${atKnee}. At ${nameOf(HIGH)} of the capacity the open p99 was ` +
      `${format(beyond?.p99, 'ms')}, while the closed model, at its limit too, showed ${format(closedWorst?.p99, 'ms')}.`
    );
  },
} satisfies Scenario;

function stepOf(run: RunOf, times: number) {
  return run.variants.find(({ name }) => name === 'open')?.phases.find(({ name }) => name === nameOf(times))
    ?.streams[MAIN];
}

function openSteps(run: RunOf): Step[] {
  const phases = run.variants.find(({ name }) => name === 'open')?.phases ?? [];
  return phases.flatMap(({ streams }) => {
    const main = streams[MAIN];
    return main === undefined ? [] : [{ offered: main.sentPerSecond, goodput: main.goodput, p99: main.p99 }];
  });
}
