import { figuresOf, MAIN, type RunOf, type Scenario } from '../scenario.ts';

const shot = { path: '/demos/http/delay/20' };
const RATE = 100;

const variant = (name: string, meanwhile: 'reload' | 'restart', short: boolean) => ({
  name,
  // Nothing is shed: what is not answered well has to do with the reload alone.
  settings: { WORKERS: '2', OVERLOAD_MAX_DELAY_MS: '0' },
  phases: [
    {
      name: 'before',
      seconds: short ? 1 : 2,
      loads: { [MAIN]: { model: 'open', rate: RATE, shot } as const },
    },
    {
      name: `${meanwhile}s`,
      seconds: short ? 4 : 12,
      loads: { [MAIN]: { model: 'open', rate: RATE, shot } as const },
      meanwhile,
    },
  ],
});

export const reload = {
  name: 'reload',
  title: 'New code under load',
  teaches:
    'A rolling reload starts the replacement first, waits until it is ready, and only then lets the old worker finish ' +
    'what it has: no request is lost. A restart has a gap, and every client that comes in it sees it.',
  expects:
    'With reloads (each begins at a dashed line) the failures stay at zero throughout; with restarts there is a block for each of them.',
  variants: (short) => [variant('rolling reloads', 'reload', short), variant('restarts', 'restart', short)],
  chart: {
    kind: 'time',
    yLabel: 'failed requests a second',
    unit: 'per second',
    of: ({ windows }) => (windows[MAIN] ?? []).map(({ atS, failed }) => ({ x: atS, y: failed * 2 })),
  },
  thresholds: [
    {
      what: 'rolling reloads: failed requests',
      atMost: 0,
      unit: 'count',
      of: (run) => failures(run, 'rolling reloads'),
    },
    {
      what: 'rolling reloads: answers of another status than 200',
      atMost: 0,
      unit: 'count',
      of: (run) => {
        const figures = figuresOf(run, 'rolling reloads', 'reloads');
        return figures === undefined ? undefined : figures.shed + figures.limited + figures.other;
      },
    },
    {
      what: 'restarts: failed requests',
      atLeast: 1,
      unit: 'count',
      of: (run) => failures(run, 'restarts'),
    },
  ],
  concludes(run) {
    const seen = run.variants.map(({ name, phases, notes }) => {
      const sent = phases.reduce((sum, { streams }) => sum + (streams[MAIN]?.sent ?? 0), 0);
      return `${failures(run, name) ?? 0} of ${sent} requests failed (${notes[0] ?? ''})`;
    });
    return `${seen.join('; ')}.`;
  },
} satisfies Scenario;

function failures(run: RunOf, name: string): number | undefined {
  return run.variants
    .find((each) => each.name === name)
    ?.phases.reduce((sum, { streams }) => sum + (streams[MAIN]?.failed ?? 0), 0);
}
