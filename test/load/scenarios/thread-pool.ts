import { format, formatList } from '../report/units.ts';
import { figuresOf, MAIN, ratio, type Phase, type Scenario, type ScenarioRun } from '../scenario.ts';

const SIZES = [2, 4, 8] as const;
/** Derives one key after the other on the pool, so it keeps one pool thread busy. */
const hash = { path: '/demos/security/passwords?way=pool&logins=1&power=15' };
/** Reads a small file with a few short tasks of the pool. */
const read = { path: '/demos/streams/range' };

function readDuring(hashes: number, seconds: number): Phase {
  return {
    name: phaseName(hashes),
    x: hashes,
    seconds,
    loads: {
      [MAIN]: { model: 'open', rate: 20, request: read },
      ...(hashes === 0 ? {} : { hashing: { model: 'closed', connections: hashes, request: hash } as const }),
    },
  };
}

function phaseName(hashes: number): string {
  return `${hashes} hash${hashes === 1 ? '' : 'es'}`;
}

export const threadPool = {
  name: 'thread-pool',
  title: "The size of libuv's thread pool",
  teaches:
    'File operations, dns.lookup, crypto and zlib share the few threads of libuv. A short task starts at once while a ' +
    'pool thread is free. Otherwise it waits for one, even if the event loop is idle.',
  expects:
    'Each curve is flat while there are fewer password hashes than pool threads, and rises where they are equal: at 2, 4 and 8.',
  bySettings: true,
  variants: (short) =>
    (short ? [2, 8] : SIZES).map((size) => ({
      name: variantName(size),
      settings: { WORKERS: '1', THREAD_POOL_SIZE: String(size) },
      phases: (short ? [2] : [0, 1, 2, 3, 4, 6, 8, 10]).map((hashes) => readDuring(hashes, short ? 2 : 2.5)),
    })),
  chart: {
    kind: 'curve',
    xLabel: 'concurrent password hashes',
    xUnit: 'count',
    yLabel: 'p50 of reading a small file',
    unit: 'ms',
    logarithmic: true,
    y: ({ streams }) => streams[MAIN]?.p50 ?? undefined,
  },
  thresholds: [
    {
      what: 'p50 of a file read during 2 hashes, 2 pool threads relative to 8',
      atLeast: 3,
      short: 2,
      unit: 'times',
      measure: (run) => ratio(p50(run, 2, 2), p50(run, 8, 2)),
    },
    {
      what: 'p50 of a file read during 4 hashes, 4 pool threads relative to 8',
      atLeast: 3,
      short: 2,
      unit: 'times',
      measure: (run) => ratio(p50(run, 4, 4), p50(run, 8, 4)),
    },
  ],
  conclude(run) {
    const sentences = [2, 4].flatMap((hashes) => {
      const reads = SIZES.flatMap((size) => {
        const value = p50(run, size, hashes);
        return value === undefined ? [] : [`${format(value, 'ms')} with ${variantName(size)}`];
      });
      return reads.length === 0
        ? []
        : [`During ${hashes} hashes, the median file read took ${formatList(reads)}.`];
    });
    return sentences.join(' ');
  },
} satisfies Scenario;

function variantName(size: number): string {
  return `${size} pool threads`;
}

function p50(run: ScenarioRun, size: number, hashes: number): number | null | undefined {
  return figuresOf(run, variantName(size), phaseName(hashes))?.p50;
}
