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
  type VariantRun,
} from '../scenario.ts';
import { CLIENT_TIMEOUT_MS } from '../statistics.ts';

/** About 20 ms of work on a CPU. */
const request = { path: '/demos/cpu/inline?limit=250000' };
const TIMES = [1, 2, 3, 4, 5] as const;
const CONNECTIONS = 4;
const PEAK = 'peak';
const PEAK_AFTER = 'peak again';
const SHEDDING = 'shedding';
const NO_SHEDDING = 'no shedding';

function peak(name: string, seconds: number): Phase {
  return {
    name,
    seconds,
    loads: { [MAIN]: { model: 'closed', connections: CONNECTIONS, request } },
    measures: 'capacity',
  };
}

function offered(times: number, seconds: number): Phase {
  return {
    name: `${times}×`,
    x: times,
    seconds,
    loads: { [MAIN]: { model: 'open', rate: { times }, request } },
  };
}

function phases(short: boolean): Phase[] {
  // Longer than the client timeout: only then does a service that accepts everything fall behind it.
  const seconds = 5;
  const peakSeconds = short ? 2 : seconds;
  const steps = (short ? [5] : TIMES).map((times) => offered(times, seconds));
  return [peak(PEAK, peakSeconds), ...steps, peak(PEAK_AFTER, peakSeconds)];
}

export const overload = {
  name: 'overload',
  title: 'More requests than the service can handle',
  teaches:
    'A service that accepts every request spends its time on those that clients have given up, and serves none in time. ' +
    'A service that sheds the excess keeps serving the rest.',
  expects:
    `With shedding, goodput (successful responses within ${CLIENT_TIMEOUT_MS / 1000} s) stays near the capacity from 1 to 5 times the capacity. ` +
    'Without it, goodput drops to zero once requests queue longer than clients wait. ' +
    `The capacity is itself a measurement, the peak of a closed load with ${CONNECTIONS} connections, so goodput can exceed 100% of it.`,
  bySettings: true,
  variants: (short) => [
    { name: SHEDDING, settings: { WORKERS: '1' }, phases: phases(short) },
    {
      name: NO_SHEDDING,
      settings: { WORKERS: '1', OVERLOAD_MAX_DELAY_MS: '0' },
      phases: phases(short).filter(({ name }) => name !== PEAK_AFTER),
    },
  ],
  chart: {
    kind: 'curve',
    xLabel: 'offered load / capacity',
    xUnit: 'times',
    yLabel: 'goodput / capacity (closed-loop peak)',
    unit: 'share',
    y: ({ streams }, variant) => ratio(streams[MAIN]?.goodput, capacityOf(variant)),
  },
  thresholds: [
    {
      what: 'shedding: goodput at 5 times the capacity, relative to the capacity (closed-loop peak)',
      atLeast: 0.9,
      short: 0.6,
      unit: 'share',
      measure: (run) => shareAt5(run, SHEDDING),
    },
    {
      what: 'goodput at 5 times the capacity, shedding relative to no shedding (counted as at least 1%)',
      atLeast: 2,
      short: 1.1,
      unit: 'times',
      // At least 1%, to avoid a division by 0.
      measure: (run) => ratio(shareAt5(run, SHEDDING), Math.max(0.01, shareAt5(run, NO_SHEDDING) ?? NaN)),
    },
    {
      what: 'shedding: requests without a response',
      atMost: 0.01,
      short: 0.05,
      unit: 'share',
      measure: (run) => ratio(sumOverPhases(run, SHEDDING, 'failed'), sumOverPhases(run, SHEDDING, 'sent')),
    },
  ],
  conclude(run) {
    const [shedding, accepting] = [SHEDDING, NO_SHEDDING].map((name) => figuresOf(run, name, '5×'));
    const share = (name: string) => format(shareAt5(run, name), 'share');
    return (
      `At 5 times the capacity, goodput with shedding was ${format(shedding?.goodput, 'per second')}, ${share(SHEDDING)} of the capacity ` +
      `that the closed load measured, with a p99 of ${format(shedding?.p99, 'ms')}; ${shedding?.shed ?? 0} of ${shedding?.sent ?? 0} requests were rejected with 503. ` +
      `Without shedding it was ${format(accepting?.goodput, 'per second')}, ${share(NO_SHEDDING)} of the capacity, ` +
      `and ${accepting?.failed ?? 0} of ${accepting?.sent ?? 0} clients gave up without a response.`
    );
  },
} satisfies Scenario;

function shareAt5(run: ScenarioRun, name: string): number | undefined {
  return ratio(figuresOf(run, name, '5×')?.goodput, capacityOf(variantOf(run, name)));
}

/** The mean of the peaks before and after, because the speed of the machine may change during the run. */
function capacityOf(variant: VariantRun | undefined): number | undefined {
  const peaks = (variant?.phases ?? [])
    .filter(({ name }) => name === PEAK || name === PEAK_AFTER)
    .flatMap(({ streams }) => streams[MAIN]?.goodput ?? []);
  return peaks.length === 0 ? undefined : peaks.reduce((sum, each) => sum + each, 0) / peaks.length;
}
