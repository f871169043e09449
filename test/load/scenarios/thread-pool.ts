import { format } from '../report/units.ts';
import { figuresOf, MAIN, ratio, type Phase, type RunOf, type Scenario } from '../scenario.ts';

const SIZES = [2, 4, 8] as const;
/** A request derives one key after the other on the pool: it has one pool thread, again and again. */
const derive = { path: '/demos/security/passwords?way=pool&logins=1&power=15' };
/** Reads a small file: a few short tasks of the pool. */
const read = { path: '/demos/streams/range' };

function beside(tasks: number, seconds: number): Phase {
  return {
    name: phaseName(tasks),
    x: tasks,
    seconds,
    loads: {
      [MAIN]: { model: 'open', rate: 20, shot: read },
      ...(tasks === 0 ? {} : { hashing: { model: 'closed', connections: tasks, shot: derive } as const }),
    },
  };
}

function phaseName(tasks: number): string {
  return `${tasks} task${tasks === 1 ? '' : 's'}`;
}

export const threadPool = {
  name: 'thread-pool',
  title: "The size of libuv's pool",
  teaches:
    'Files, dns.lookup, crypto and zlib share a few pool threads. As long as one is free, a short task does not feel ' +
    'the long ones; when all are taken it waits for one, however idle the event loop is.',
  expects:
    'Each curve is flat while there are fewer hashes than pool threads, and steps up where they are as many: at 2, at 4, at 8.',
  bySettings: true,
  variants: (short) =>
    (short ? [2, 8] : SIZES).map((size) => ({
      name: `${size} pool threads`,
      settings: { WORKERS: '1', THREAD_POOL_SIZE: String(size) },
      phases: (short ? [2] : [0, 1, 2, 3, 4, 6, 8, 10]).map((tasks) => beside(tasks, short ? 2 : 2.5)),
    })),
  chart: {
    kind: 'curve',
    xLabel: 'password hashes at once',
    xUnit: 'count',
    yLabel: 'p50 of reading a small file',
    unit: 'ms',
    logarithmic: true,
    of: ({ streams }) => streams[MAIN]?.p50 ?? undefined,
  },
  thresholds: [
    {
      what: 'p50 of a read beside 2 hashes, 2 pool threads against 8',
      atLeast: 3,
      short: 2,
      unit: 'times',
      of: (run) => ratio(p50(run, 2, 2), p50(run, 8, 2)),
    },
    {
      what: 'p50 of a read beside 4 hashes, 4 pool threads against 8',
      atLeast: 3,
      short: 2,
      unit: 'times',
      of: (run) => ratio(p50(run, 4, 4), p50(run, 8, 4)),
    },
  ],
  concludes(run) {
    const of = (size: number, tasks: number) => format(p50(run, size, tasks), 'ms');
    return (
      `Beside 2 hashes a read took ${of(2, 2)} with 2 pool threads and ${of(8, 2)} with 8; beside 4 hashes ` +
      `${of(2, 4)}, ${of(4, 4)} and ${of(8, 4)} with 2, 4 and 8 (medians).`
    );
  },
} satisfies Scenario;

function p50(run: RunOf, size: number, tasks: number): number | null | undefined {
  return figuresOf(run, `${size} pool threads`, phaseName(tasks))?.p50;
}
