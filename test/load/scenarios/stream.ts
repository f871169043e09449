import { format } from '../report/units.ts';
import { figuresOf, MAIN, ratio, variantOf, type Scenario, type ScenarioRun } from '../scenario.ts';

const READERS = 12;
const BYTES = 40_000_000;
const SIZE = format(BYTES, 'bytes');
const PHASE = 'slow readers';

const variant = (name: string, route: string, short: boolean) => ({
  name,
  settings: { WORKERS: '1' },
  // The first streamed response allocates buffers that all later ones reuse.
  warmUp: { path: '/demos/streams/file?bytes=4000000' },
  phases: [
    // The memory for the readers is measured from here.
    {
      name: 'at rest',
      seconds: short ? 1.5 : 2,
      loads: { [MAIN]: { model: 'open', rate: 10, request: { path: '/livez' } } as const },
    },
    {
      name: PHASE,
      seconds: short ? 3 : 8,
      loads: {
        [MAIN]: {
          model: 'readers',
          readers: READERS,
          bytesPerSecond: 1_000_000,
          request: { path: `/demos/streams/${route}?bytes=${BYTES}` },
        } as const,
      },
    },
  ],
});

export const stream = {
  name: 'stream',
  title: 'Slow readers of a large response',
  teaches:
    'A response that is read into memory before it is sent stays there until the slowest client has received it, once ' +
    'per client. A streamed response needs memory for a few chunks only.',
  expects: `Buffered, the memory of the worker grows by ${READERS} × ${SIZE} and stays there. Streamed, it hardly changes.`,
  variants: (short) => [variant('streamed', 'file', short), variant('buffered', 'file-buffered', short)],
  chart: {
    kind: 'time',
    yLabel: 'memory of the worker',
    unit: 'bytes',
    points: ({ server }) => server.map(({ atS, rssBytes }) => ({ x: atS, y: rssBytes })),
  },
  thresholds: [
    {
      what: 'memory growth for the readers, buffered relative to streamed',
      atLeast: 5,
      short: 3,
      unit: 'times',
      measure: (run) => ratio(growth(run, 'buffered'), growth(run, 'streamed')),
    },
    {
      what: 'readers without a successful response',
      atMost: 0,
      unit: 'count',
      measure: (run) =>
        run.variants.reduce((sum, { name }) => {
          const main = figuresOf(run, name, PHASE);
          return sum + (main === undefined ? 0 : main.sent - main.ok - main.late);
        }, 0),
    },
  ],
  conclude(run) {
    const memory = (name: string) =>
      `${format(growth(run, name), 'bytes')} (peak ${format(peak(run, name, PHASE), 'bytes')})`;
    return `For ${READERS} slow readers of ${SIZE}, the memory of the worker grew by ${memory('streamed')} streamed and by ${memory('buffered')} buffered.`;
  },
} satisfies Scenario;

function peak(run: ScenarioRun, variantName: string, phase: string): number | undefined {
  return variantOf(run, variantName)?.phases.find(({ name }) => name === phase)?.server?.peakRssBytes;
}

/** At least 1 MB, to avoid a division by almost 0. */
function growth(run: ScenarioRun, variantName: string): number | undefined {
  const before = peak(run, variantName, 'at rest');
  const after = peak(run, variantName, PHASE);
  return before === undefined || after === undefined ? undefined : Math.max(1e6, after - before);
}
