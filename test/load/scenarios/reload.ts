import { figuresOf, MAIN, sumOverPhases, type Scenario } from '../scenario.ts';

const request = { path: '/demos/http/delay/20' };
const RATE = 100;

const variant = (name: string, repeats: 'reload' | 'restart', short: boolean) => ({
  name,
  // Without shedding, only a reload or restart can make a request fail.
  settings: { WORKERS: '2', OVERLOAD_MAX_DELAY_MS: '0' },
  phases: [
    {
      name: 'before',
      seconds: short ? 1 : 2,
      loads: { [MAIN]: { model: 'open', rate: RATE, request } as const },
    },
    {
      name: `${repeats}s`,
      seconds: short ? 4 : 12,
      loads: { [MAIN]: { model: 'open', rate: RATE, request } as const },
      repeats,
    },
  ],
});

export const reload = {
  name: 'reload',
  title: 'Reloads and restarts under load',
  teaches:
    'A rolling reload starts a replacement, waits until it is ready, and only then drains the old worker: no request ' +
    'fails. A restart leaves a gap, and every request in the gap fails.',
  expects:
    'With reloads, which begin at the dashed lines, no request fails. With restarts, requests fail during each of them.',
  variants: (short) => [variant('rolling reloads', 'reload', short), variant('restarts', 'restart', short)],
  chart: {
    kind: 'time',
    yLabel: 'failed requests per second',
    unit: 'per second',
    points: ({ windows }) => (windows[MAIN] ?? []).map(({ atS, failed }) => ({ x: atS, y: failed * 2 })),
  },
  thresholds: [
    {
      what: 'rolling reloads: failed requests',
      atMost: 0,
      unit: 'count',
      measure: (run) => sumOverPhases(run, 'rolling reloads', 'failed'),
    },
    {
      what: 'rolling reloads: responses with a status other than 2xx',
      atMost: 0,
      unit: 'count',
      measure: (run) => {
        const figures = figuresOf(run, 'rolling reloads', 'reloads');
        return figures === undefined ? undefined : figures.shed + figures.limited + figures.other;
      },
    },
    {
      what: 'restarts: failed requests',
      atLeast: 1,
      unit: 'count',
      measure: (run) => sumOverPhases(run, 'restarts', 'failed'),
    },
  ],
  conclude(run) {
    const results = run.variants.map(({ name, notes }) => {
      const [failed = 0, sent = 0] = (['failed', 'sent'] as const).map((each) =>
        sumOverPhases(run, name, each),
      );
      return `With ${name}, ${failed} of ${sent} requests failed (${notes[0] ?? ''}).`;
    });
    return results.join(' ');
  },
} satisfies Scenario;
