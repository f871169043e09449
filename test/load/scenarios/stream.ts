import { format } from '../report/units.ts';
import { MAIN, ratio, type RunOf, type Scenario } from '../scenario.ts';

const READERS = 12;
const BYTES = 40_000_000;
const PHASE = 'slow readers';

const variant = (name: string, route: string, short: boolean) => ({
  name,
  settings: { WORKERS: '1' },
  // A worker that has streamed before has the buffers for it: what it takes for the readers is what is asked.
  warmUp: { path: '/demos/streams/file?bytes=4000000' },
  phases: [
    // What the worker takes at rest is what the readers' share is measured from.
    {
      name: 'at rest',
      seconds: short ? 1.5 : 2,
      loads: { [MAIN]: { model: 'open', rate: 10, shot: { path: '/livez' } } as const },
    },
    {
      name: PHASE,
      seconds: short ? 3 : 8,
      loads: {
        [MAIN]: {
          model: 'readers',
          readers: READERS,
          bytesPerSecond: 1_000_000,
          shot: { path: `/demos/streams/${route}?bytes=${BYTES}` },
        } as const,
      },
    },
  ],
});

export const stream = {
  name: 'stream',
  title: 'Slow readers of a large answer',
  teaches:
    'An answer that is read whole before it is sent stays in memory until the slowest client has taken it, once for ' +
    'each client. Streamed, only the next chunks of it are there.',
  expects: `Buffered, the memory of the worker steps up by ${READERS} times ${BYTES / 1e6} MB and stays there; streamed it hardly moves.`,
  variants: (short) => [variant('streamed', 'file', short), variant('buffered', 'file-buffered', short)],
  chart: {
    kind: 'time',
    yLabel: 'memory of the worker',
    unit: 'bytes',
    of: ({ server }) => server.map(({ atS, rssBytes }) => ({ x: atS, y: rssBytes })),
  },
  thresholds: [
    {
      what: 'memory taken for the readers, buffered against streamed',
      atLeast: 5,
      short: 3,
      unit: 'times',
      of: (run) => ratio(growth(run, 'buffered'), growth(run, 'streamed')),
    },
    {
      what: 'readers who were cut or got no answer',
      atMost: 0,
      unit: 'count',
      of: (run) =>
        run.variants.reduce((sum, { phases }) => {
          const main = phases.find(({ name }) => name === PHASE)?.streams[MAIN];
          return sum + (main === undefined ? 0 : main.sent - main.ok - main.late);
        }, 0),
    },
  ],
  concludes(run) {
    const of = (name: string) =>
      `${format(growth(run, name), 'bytes')} more, ${format(peak(run, name, PHASE), 'bytes')} in all`;
    return `For ${READERS} slow readers of ${BYTES / 1e6} MB the worker took ${of('streamed')}, streamed; buffered ${of('buffered')}.`;
  },
} satisfies Scenario;

function peak(run: RunOf, variantName: string, phase: string): number | undefined {
  return run.variants.find(({ name }) => name === variantName)?.phases.find(({ name }) => name === phase)
    ?.server?.peakRssBytes;
}

/** At least a megabyte, so that nothing is divided by next to nothing. */
function growth(run: RunOf, variantName: string): number | undefined {
  const before = peak(run, variantName, 'at rest');
  const after = peak(run, variantName, PHASE);
  return before === undefined || after === undefined ? undefined : Math.max(1e6, after - before);
}
