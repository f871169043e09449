import { format, formatList } from '../report/units.ts';
import {
  MAIN,
  ratio,
  variantOf,
  type Phase,
  type PhaseRun,
  type Scenario,
  type ScenarioRun,
} from '../scenario.ts';

/** Each waits for the disk of the database while it uses a connection. */
const write = {
  path: '/tasks',
  headers: { 'Content-Type': 'application/json' },
  body: '{"title":"Measure the pool"}',
};
const read = { path: '/tasks?limit=5' };
const READS = 'reads';
const SIZES = [1, 5, 20, 100] as const;
const WORKERS = 2;

/** Clients, of which half read and half write. */
const LIGHT = 4;
const HEAVY = 64;

function step(clients: number, seconds: number): Phase {
  const connections = clients / 2;
  return {
    name: stepName(clients),
    x: clients,
    seconds,
    loads: {
      [MAIN]: { model: 'closed', connections, request: write },
      [READS]: { model: 'closed', connections, request: read },
    },
  };
}

export const database = {
  name: 'database',
  title: 'Connections to the database',
  teaches:
    'A statement needs a connection for as long as it runs. With too few connections, requests wait for one inside the ' +
    'service, while the database has little to do. Beyond a handful they wait inside the database instead, for its CPU ' +
    'and its disk: more connections move the queue, and add no throughput.',
  expects:
    'With 1 connection per worker, throughput levels off first, and the wait for a connection makes up most of the latency. ' +
    'With 5 it rises further. With 100 it is not above that with 20: the limit is the database, or the CPUs, which it ' +
    'shares with the workers and the load generator.',
  bySettings: true,
  variants: (short) =>
    (short ? SIZES.slice(0, 2) : SIZES).map((size) => ({
      name: nameOf(size),
      // Without shedding, to show the bare queue.
      settings: { WORKERS: String(WORKERS), DATABASE_POOL_MAX: String(size), OVERLOAD_MAX_DELAY_MS: '0' },
      // Creates the tasks that the reads list.
      warmUp: write,
      phases: (short ? [LIGHT, HEAVY] : [2, LIGHT, 8, 16, 32, HEAVY]).map((clients) =>
        step(clients, short ? (clients === HEAVY ? 2 : 1) : 2.5),
      ),
    })),
  chart: {
    kind: 'curve',
    xLabel: 'clients',
    xUnit: 'count',
    yLabel: 'goodput, reads and writes',
    unit: 'per second',
    y: goodputOf,
  },
  thresholds: [
    {
      what: `goodput with ${HEAVY} clients, 5 connections relative to 1`,
      atLeast: 1.2,
      short: 0.8,
      unit: 'times',
      measure: (run) => compare(run, 5, 1, goodputOf),
    },
    {
      what: `goodput with ${HEAVY} clients, 100 connections relative to 20`,
      atMost: 1.2,
      unit: 'times',
      measure: (run) => compare(run, 100, 20, goodputOf),
    },
    {
      what: `mean wait for a connection with ${HEAVY} clients, 1 connection relative to 5`,
      atLeast: 1.2,
      short: 0.8,
      unit: 'times',
      measure: (run) => compare(run, 1, 5, ({ server }) => server?.databaseWaitMs),
    },
    {
      what: `failed requests with ${LIGHT} clients`,
      atMost: 0,
      unit: 'count',
      measure: (run) =>
        run.variants.reduce((sum, { phases }) => {
          const light = phases.find(({ name }) => name === stepName(LIGHT));
          return sum + unsuccessful(light, MAIN) + unsuccessful(light, READS);
        }, 0),
    },
  ],
  conclude(run) {
    const results = run.variants.map(({ name }) => {
      const phase = heavyPhase(run, name);
      const goodput = format(phase === undefined ? undefined : goodputOf(phase), 'per second');
      const wait = format(phase?.server?.databaseWaitMs, 'ms');
      return `${goodput} with ${name} (mean wait for one ${wait}, p50 of a write ${format(phase?.streams[MAIN]?.p50, 'ms')})`;
    });
    return `With ${WORKERS} workers and ${HEAVY} clients, goodput was ${formatList(results)}.`;
  },
} satisfies Scenario;

function nameOf(size: number): string {
  return `${size} connection${size === 1 ? '' : 's'} per worker`;
}

function stepName(clients: number): string {
  return `${clients} clients`;
}

function heavyPhase(run: ScenarioRun, variant: string): PhaseRun | undefined {
  return variantOf(run, variant)?.phases.find(({ name }) => name === stepName(HEAVY));
}

function goodputOf({ streams }: PhaseRun): number {
  return (streams[MAIN]?.goodput ?? 0) + (streams[READS]?.goodput ?? 0);
}

/** A figure with the most clients, of one pool size relative to another. */
function compare(
  run: ScenarioRun,
  size: number,
  other: number,
  figure: (phase: PhaseRun) => number | undefined,
): number | undefined {
  const [a, b] = [size, other].map((each) => {
    const phase = heavyPhase(run, nameOf(each));
    return phase === undefined ? undefined : figure(phase);
  });
  return ratio(a, b);
}

function unsuccessful(phase: PhaseRun | undefined, stream: string): number {
  const figures = phase?.streams[stream];
  return figures === undefined ? 0 : figures.sent - figures.ok - figures.late;
}
