import { format } from '../report/units.ts';
import { figuresOf, MAIN, PROBE, ratio, type Scenario } from '../scenario.ts';

/** Nearly half a second of work on a core. */
const LIMIT = 2_200_000;
const RATE = 1.2;
const PHASE = 'heavy requests';
const places = ['inline', 'chunked', 'thread-pool'] as const;

export const block = {
  name: 'block',
  title: 'CPU work on the event loop, in slices, on a thread',
  teaches:
    'One request that computes on the event loop makes every other request of the worker wait for all of it; cut into ' +
    'slices it makes them wait for a slice, and on a pooled thread for nothing.',
  expects:
    'Inline, the latency of /livez is a row of towers as high as the work is long; chunked it stays near a slice, on the thread pool near the floor.',
  variants: (short) =>
    places.map((place) => ({
      name: place,
      settings: { WORKERS: '1' },
      // Not with the heavy work: what is left of it would still run when measuring begins.
      warmUp: { path: `/demos/cpu/${place}?limit=20000` },
      probeRate: 100,
      phases: [
        {
          name: PHASE,
          seconds: short ? 4 : 10,
          loads: {
            [MAIN]: { model: 'open', rate: RATE, shot: { path: `/demos/cpu/${place}?limit=${LIMIT}` } },
          },
        },
      ],
    })),
  chart: {
    kind: 'time',
    yLabel: 'p99 of /livez',
    unit: 'ms',
    logarithmic: true,
    of: ({ windows }) =>
      (windows[PROBE] ?? []).flatMap(({ atS, p99 }) => (p99 === null ? [] : [{ x: atS, y: p99 }])),
  },
  thresholds: [
    {
      what: 'p99 of /livez, inline against the thread pool',
      atLeast: 20,
      short: 2,
      unit: 'times',
      of: (run) =>
        ratio(figuresOf(run, 'inline', PHASE, PROBE)?.p99, figuresOf(run, 'thread-pool', PHASE, PROBE)?.p99),
    },
    {
      what: 'p99 of /livez, inline against chunked',
      atLeast: 5,
      short: 1.5,
      unit: 'times',
      of: (run) =>
        ratio(figuresOf(run, 'inline', PHASE, PROBE)?.p99, figuresOf(run, 'chunked', PHASE, PROBE)?.p99),
    },
  ],
  concludes(run) {
    const p99 = places.map(
      (place) => `${format(figuresOf(run, place, PHASE, PROBE)?.p99, 'ms')} with ${place}`,
    );
    return `While ${RATE} heavy requests a second came, the p99 of /livez was ${p99.join(', ')}.`;
  },
} satisfies Scenario;
