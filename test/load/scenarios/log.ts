import { format } from '../report/units.ts';
import { figuresOf, MAIN, PROBE, ratio, type RunOf, type Scenario } from '../scenario.ts';

/** Each answer writes a line of the access log. */
const shot = { path: '/demos/http/status/200' };
const RATE = 400;
const STALLED = 'reader stalled';

const variant = (name: string, preload: string | undefined, short: boolean) => {
  const seconds = short ? 1 : 4;
  const load = { [MAIN]: { model: 'open', rate: RATE, shot } as const };
  return {
    name,
    // One process: with a cluster, all workers share the pipe. And nothing is shed, which would hide the wait.
    settings: { WORKERS: '0', OVERLOAD_MAX_DELAY_MS: '0' },
    ...(preload === undefined ? {} : { preload }),
    probeRate: 50,
    phases: [
      { name: 'reader reads', seconds, loads: load },
      { name: STALLED, seconds: 2, loads: load, logReader: 'stalled' as const },
      { name: 'reader reads again', seconds, loads: load },
    ],
  };
};

export const log = {
  name: 'log',
  title: 'Synchronous and buffered logging',
  teaches:
    'A log line written synchronously waits for whoever reads the log: when that one stalls, so does the service. ' +
    'Buffered, the lines wait and the service goes on.',
  expects:
    'While the reader of the log reads, both are alike; while it stalls, the latency of synchronous logging is a tower as high as the stall is long.',
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
    of: ({ windows }) =>
      (windows[MAIN] ?? []).flatMap(({ atS, p99 }) => (p99 === null ? [] : [{ x: atS, y: p99 }])),
  },
  thresholds: [
    {
      what: 'p99 while the reader stalls, synchronous against buffered',
      atLeast: 5,
      short: 3,
      unit: 'times',
      of: (run) => ratio(p99(run, 'synchronous'), p99(run, 'buffered')),
    },
    {
      what: 'buffered: requests that failed while the reader stalled',
      atMost: 0,
      unit: 'count',
      of: (run) => figuresOf(run, 'buffered', STALLED)?.failed,
    },
  ],
  concludes(run) {
    const of = (name: string, phase: string, stream = MAIN) =>
      format(figuresOf(run, name, phase, stream)?.p99, 'ms');
    return (
      `While the reader stalled, the p99 was ${of('buffered', STALLED)} with buffered logging and ${of('synchronous', STALLED)} with synchronous ` +
      `(/livez: ${of('buffered', STALLED, PROBE)} and ${of('synchronous', STALLED, PROBE)}); before that ${of('buffered', 'reader reads')} and ${of('synchronous', 'reader reads')}.`
    );
  },
} satisfies Scenario;

function p99(run: RunOf, name: string): number | null | undefined {
  return figuresOf(run, name, STALLED)?.p99;
}
