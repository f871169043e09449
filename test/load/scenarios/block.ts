import { format } from '../report/units.ts';
import { figuresOf, MAIN, p99ByTime, PROBE, ratio, type Scenario, type ScenarioRun } from '../scenario.ts';

/** Nearly half a second of work on a CPU. */
const LIMIT = 2_200_000;
const RATE = 1.2;
const PHASE = 'heavy requests';
const places = ['inline', 'chunked', 'thread-pool'] as const;

export const block = {
  name: 'block',
  title: 'CPU work on the event loop, in slices, and on a thread',
  teaches:
    'A computation on the event loop blocks every other request of the worker until it ends. In slices, it delays ' +
    'them by a few slices; in a worker pool, hardly at all.',
  expects:
    'Inline, the latency of /livez peaks at the length of the computation. Chunked, it stays near the length of a ' +
    'slice; in the worker pool, near that of an idle service.',
  variants: (short) =>
    places.map((place) => ({
      name: place,
      settings: { WORKERS: '1' },
      // The heavy work would still run when measuring begins.
      warmUp: { path: `/demos/cpu/${place}?limit=20000` },
      probeRate: 100,
      phases: [
        {
          name: PHASE,
          seconds: short ? 4 : 10,
          loads: {
            [MAIN]: { model: 'open', rate: RATE, request: { path: `/demos/cpu/${place}?limit=${LIMIT}` } },
          },
        },
      ],
    })),
  chart: {
    kind: 'time',
    yLabel: 'p99 of /livez',
    unit: 'ms',
    logarithmic: true,
    points: (variant) => p99ByTime(variant, PROBE),
  },
  thresholds: [
    {
      what: 'p99 of /livez, inline relative to thread-pool',
      atLeast: 20,
      short: 2,
      unit: 'times',
      measure: (run) => ratio(probeP99(run, 'inline'), probeP99(run, 'thread-pool')),
    },
    {
      what: 'p99 of /livez, inline relative to chunked',
      atLeast: 5,
      short: 1.5,
      unit: 'times',
      measure: (run) => ratio(probeP99(run, 'inline'), probeP99(run, 'chunked')),
    },
  ],
  conclude(run) {
    const [inline, chunked, workerPool] = places.map((place) => format(probeP99(run, place), 'ms'));
    return `With ${RATE} heavy requests per second, the p99 of /livez was ${inline} inline, ${chunked} chunked, and ${workerPool} in the worker pool.`;
  },
} satisfies Scenario;

function probeP99(run: ScenarioRun, place: (typeof places)[number]): number | null | undefined {
  return figuresOf(run, place, PHASE, PROBE)?.p99;
}
