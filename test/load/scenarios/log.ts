import { format } from '../report/units.ts';
import { figuresOf, MAIN, p99ByTime, PROBE, ratio, type Scenario, type ScenarioRun } from '../scenario.ts';

/** Each request writes a line to the access log. */
const request = { path: '/demos/http/status/200' };
const RATE = 400;
const READING = 'log is read';
const STALLED = 'reader stalled';

const variant = (name: string, preload: string | undefined, short: boolean) => {
  const seconds = short ? 1 : 4;
  const load = { [MAIN]: { model: 'open', rate: RATE, request } as const };
  return {
    name,
    // One process, because the workers of a cluster share the pipe. Shedding would hide the delay.
    settings: { WORKERS: '0', OVERLOAD_MAX_DELAY_MS: '0' },
    ...(preload === undefined ? {} : { preload }),
    probeRate: 50,
    phases: [
      { name: READING, seconds, loads: load },
      { name: STALLED, seconds: 2, loads: load, logReader: 'stalled' as const },
      { name: 'log is read again', seconds, loads: load },
    ],
  };
};

export const log = {
  name: 'log',
  title: 'Synchronous and buffered logging',
  teaches:
    'A synchronous log line waits for the reader of the log: if the reader stalls, the service stalls as well. With a ' +
    'buffer, the lines wait and the service continues.',
  expects:
    'While the log is read, both variants have the same latency. While the reader stalls, the latency of synchronous ' +
    'logging peaks at the length of the stall.',
  bySettings: true,
  variants: (short) => [
    variant('buffered', undefined, short),
    variant('synchronous', './fixtures/synchronous-stdout.ts', short),
  ],
  chart: {
    kind: 'time',
    yLabel: 'p99 latency',
    unit: 'ms',
    logarithmic: true,
    points: (variantRun) => p99ByTime(variantRun, MAIN),
  },
  thresholds: [
    {
      what: 'p99 while the reader stalls, synchronous relative to buffered',
      atLeast: 5,
      short: 3,
      unit: 'times',
      measure: (run) => ratio(stalledP99(run, 'synchronous'), stalledP99(run, 'buffered')),
    },
    {
      what: 'buffered: failed requests while the reader stalls',
      atMost: 0,
      unit: 'count',
      measure: (run) => figuresOf(run, 'buffered', STALLED)?.failed,
    },
  ],
  conclude(run) {
    const p99 = (name: string, phase: string, stream = MAIN) =>
      format(figuresOf(run, name, phase, stream)?.p99, 'ms');
    return (
      `While the reader stalled, the p99 was ${p99('buffered', STALLED)} with buffered and ${p99('synchronous', STALLED)} with synchronous logging ` +
      `(/livez: ${p99('buffered', STALLED, PROBE)} and ${p99('synchronous', STALLED, PROBE)}). ` +
      `Before the stall it was ${p99('buffered', READING)} and ${p99('synchronous', READING)}.`
    );
  },
} satisfies Scenario;

function stalledP99(run: ScenarioRun, name: string): number | null | undefined {
  return figuresOf(run, name, STALLED)?.p99;
}
