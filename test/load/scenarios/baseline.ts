import { format } from '../report/units.ts';
import {
  figuresOf,
  MAIN,
  ratio,
  sumOverPhases,
  variantOf,
  type Phase,
  type Scenario,
  type ScenarioRun,
} from '../scenario.ts';
import { CLIENT_TIMEOUT_MS, findKnee, type Step } from '../statistics.ts';

/** About 1 ms of work, so that the load generator needs little CPU time in comparison. */
const request = { path: '/demos/cpu/inline?limit=20000' };
/** Without shedding, to show the bare queue; `overload` shows the effect of shedding. */
const settings = { WORKERS: '1', OVERLOAD_MAX_DELAY_MS: '0' };

const LOW = 0.3;
const HIGH = 1.3;

function closedStep(connections: number, seconds: number): Phase {
  const load = { model: 'closed', connections, request } as const;
  return {
    name: `${connections} connection${connections === 1 ? '' : 's'}`,
    seconds,
    loads: { [MAIN]: load },
    measures: 'capacity',
  };
}

function openStep(times: number, seconds: number): Phase {
  const load = { model: 'open', rate: { times }, request } as const;
  return { name: nameOf(times), seconds, loads: { [MAIN]: load } };
}

function nameOf(times: number): string {
  return format(times, 'share');
}

export const baseline = {
  name: 'baseline',
  title: 'Throughput and latency up to the knee',
  teaches:
    'A closed load has a fixed number of connections and adapts to the service, so the service looks healthy even at ' +
    'its limit. Independent clients do not adapt: beyond the knee of the latency curve, requests arrive faster than ' +
    'they are served, and the queue keeps growing.',
  expects:
    'Both curves rise slowly up to the capacity, which is the highest goodput of the closed load. There, the ' +
    'latency of the closed load rises gently, and that of the open load soars.',
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
    xLabel: 'requests per second',
    xUnit: 'per second',
    x: ({ streams }) => streams[MAIN]?.sentPerSecond,
    yLabel: 'p99 latency',
    unit: 'ms',
    logarithmic: true,
    y: ({ streams }) => streams[MAIN]?.p99 ?? undefined,
  },
  thresholds: [
    {
      what: `open load: p50 at ${nameOf(HIGH)} of the capacity, relative to ${nameOf(LOW)}`,
      atLeast: 5,
      short: 2,
      unit: 'times',
      measure: (run) => ratio(openFigures(run, HIGH)?.p50, openFigures(run, LOW)?.p50),
    },
    {
      what: `open load: successful requests within ${CLIENT_TIMEOUT_MS / 1000} s at ${nameOf(LOW)} of the capacity`,
      atLeast: 0.99,
      short: 0.9,
      unit: 'share',
      measure: (run) => ratio(openFigures(run, LOW)?.ok, openFigures(run, LOW)?.sent),
    },
    {
      what: 'closed load: failed requests',
      atMost: 0,
      unit: 'count',
      measure: (run) => sumOverPhases(run, 'closed', 'failed'),
    },
  ],
  conclude(run) {
    const closed = variantOf(run, 'closed')?.phases ?? [];
    const capacity = Math.max(...closed.map(({ streams }) => streams[MAIN]?.goodput ?? 0));
    const knee = findKnee(openSteps(run));
    const atKnee =
      knee === undefined
        ? 'The open load was beyond its knee at the first step'
        : `The open load had its knee at ${format(knee.offered, 'per second')} with a p99 of ${format(knee.p99, 'ms')}`;
    return (
      `With one worker, the closed load reached ${format(capacity, 'per second')}, which is the capacity. ${atKnee}. ` +
      `At ${nameOf(HIGH)} of the capacity its p99 was ${format(openFigures(run, HIGH)?.p99, 'ms')}; ` +
      `the closed load had ${format(closed.at(-1)?.streams[MAIN]?.p99, 'ms')} at its own limit.`
    );
  },
} satisfies Scenario;

function openFigures(run: ScenarioRun, times: number) {
  return figuresOf(run, 'open', nameOf(times));
}

function openSteps(run: ScenarioRun): Step[] {
  const phases = variantOf(run, 'open')?.phases ?? [];
  return phases.flatMap(({ streams }) => {
    const main = streams[MAIN];
    return main === undefined ? [] : [{ offered: main.sentPerSecond, goodput: main.goodput, p99: main.p99 }];
  });
}
