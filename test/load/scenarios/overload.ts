import { format } from '../report/units.ts';
import {
  figuresOf,
  MAIN,
  ratio,
  type Phase,
  type RunOf,
  type Scenario,
  type VariantRun,
} from '../scenario.ts';
import { PATIENCE_MS } from '../statistics.ts';

/** About 20 ms of work on a core. */
const shot = { path: '/demos/cpu/inline?limit=250000' };
const TIMES = [1, 2, 3, 4, 5] as const;
const PEAK = 'peak';
const PEAK_AFTER = 'peak again';

function peak(name: string, seconds: number): Phase {
  return {
    name,
    seconds,
    loads: { [MAIN]: { model: 'closed', connections: 4, shot } },
    measures: 'capacity',
  };
}

function offered(times: number, seconds: number): Phase {
  return {
    name: `${times}×`,
    x: times,
    seconds,
    loads: { [MAIN]: { model: 'open', rate: { times }, shot } },
  };
}

function phases(short: boolean): Phase[] {
  // Longer than clients wait: only then is all lost that was accepted.
  const seconds = 5;
  const ofPeak = short ? 2 : seconds;
  const steps = (short ? [5] : TIMES).map((times) => offered(times, seconds));
  return [peak(PEAK, ofPeak), ...steps, peak(PEAK_AFTER, ofPeak)];
}

export const overload = {
  name: 'overload',
  title: 'More requests than can be answered',
  teaches:
    'A service that accepts everything works on what its clients have given up already, and answers nobody in time. ' +
    'One that sheds what it cannot do keeps doing what it can.',
  expects: `With shedding, goodput (answers within ${PATIENCE_MS / 1000} s) stays level from 1 to 5 times the capacity; without, it falls to nothing as soon as the queue is longer than clients wait.`,
  bySettings: true,
  variants: (short) => [
    { name: 'shedding', settings: { WORKERS: '1' }, phases: phases(short) },
    {
      name: 'accepting all',
      settings: { WORKERS: '1', OVERLOAD_MAX_DELAY_MS: '0' },
      phases: phases(short).filter(({ name }) => name !== PEAK_AFTER),
    },
  ],
  chart: {
    kind: 'curve',
    xLabel: 'requests, as a multiple of the capacity',
    xUnit: 'times',
    yLabel: 'goodput, of the capacity',
    unit: 'share',
    of: ({ streams }, variant) => ratio(streams[MAIN]?.goodput, peakOf(variant)),
  },
  thresholds: [
    {
      what: 'goodput at 5 times the capacity, shedding, of the peak before and after',
      atLeast: 0.9,
      short: 0.6,
      unit: 'share',
      of: (run) => shareAt5(run, 'shedding'),
    },
    {
      what: 'the same share, shedding against accepting all',
      atLeast: 2,
      short: 1.1,
      unit: 'times',
      // At least a hundredth, so that nothing is divided by nothing.
      of: (run) => ratio(shareAt5(run, 'shedding'), Math.max(0.01, shareAt5(run, 'accepting all') ?? NaN)),
    },
    {
      what: 'shedding: requests that got no answer at all, of all',
      atMost: 0.01,
      short: 0.05,
      unit: 'share',
      of: (run) => {
        const phases = run.variants
          .find(({ name }) => name === 'shedding')
          ?.phases.map(({ streams }) => streams[MAIN]);
        const sum = (of: 'failed' | 'sent') => phases?.reduce((total, main) => total + (main?.[of] ?? 0), 0);
        return ratio(sum('failed'), sum('sent'));
      },
    },
  ],
  concludes(run) {
    const of = (name: string) => {
      const { goodput = 0, p99 = null, sent = 0, shed = 0, failed = 0 } = figuresOf(run, name, '5×') ?? {};
      const share = format(shareAt5(run, name), 'share');
      return {
        share,
        goodput: format(goodput, 'per second'),
        p99: format(p99, 'ms'),
        sent,
        shed,
        failed,
      };
    };
    const [shedding, all] = [of('shedding'), of('accepting all')];
    return (
      `At five times the capacity ${shedding.goodput} were answered in time with shedding, ${shedding.share} of the capacity, with a p99 of ${shedding.p99}, ` +
      `and ${shedding.shed} of ${shedding.sent} were told at once to come back later; accepting all, ${all.goodput} or ${all.share}, ` +
      `and ${all.failed} of ${all.sent} gave up without an answer.`
    );
  },
} satisfies Scenario;

function shareAt5(run: RunOf, name: string): number | undefined {
  return ratio(figuresOf(run, name, '5×')?.goodput, peakOf(run.variants.find((each) => each.name === name)));
}

/** Measured on both sides where it is: the machine may have become slower or faster meanwhile. */
function peakOf(variant: VariantRun | undefined): number | undefined {
  const peaks = (variant?.phases ?? [])
    .filter(({ name }) => name === PEAK || name === PEAK_AFTER)
    .flatMap(({ streams }) => streams[MAIN]?.goodput ?? []);
  return peaks.length === 0 ? undefined : peaks.reduce((sum, each) => sum + each, 0) / peaks.length;
}
