import { availableCpus } from '../../../src/process/available-cpus.ts';
import { format } from '../report/units.ts';
import { figuresOf, MAIN, ratio, type Scenario } from '../scenario.ts';

/** Some milliseconds of work: beside it the load takes little of the cores it shares with the workers. */
const shot = { path: '/demos/cpu/inline?limit=60000' };
const PEAK = 'peak';
const cores = availableCpus();
/** One, all cores, in between by powers of two, and twice as many as there are cores. */
const counts = [...new Set([1, 2, 4, 8, 16].filter((count) => count < cores)), cores, 2 * cores];

export const cluster = {
  name: 'cluster',
  title: 'More workers, up to the cores',
  teaches:
    'A Node.js process runs JavaScript on one core. Workers multiply that as far as there are cores; more than that ' +
    'only share them, and cost memory.',
  expects:
    'Throughput rises in proportion to the workers and goes flat at the number of cores, where the load itself takes its share.',
  bySettings: true,
  variants: (short) =>
    (short ? [...new Set([1, cores])] : counts).map((workers) => ({
      name: nameOf(workers),
      settings: { WORKERS: String(workers) },
      phases: [
        {
          name: PEAK,
          x: workers,
          seconds: short ? 3 : 8,
          loads: { [MAIN]: { model: 'closed', connections: 32, shot } },
        },
      ],
    })),
  chart: {
    kind: 'curve',
    xLabel: 'workers',
    xUnit: 'count',
    yLabel: 'answers a second',
    unit: 'per second',
    of: ({ streams }) => streams[MAIN]?.goodput,
  },
  thresholds: [
    {
      what: `answers a second, ${nameOf(cores)} against 1`,
      atLeast: 1 + 0.3 * (Math.min(cores, 8) - 1),
      // In a few seconds neighbours on the machine count for more than workers: it only must not be slower.
      short: 0.9,
      unit: 'times',
      of: (run) =>
        cores === 1
          ? undefined
          : ratio(figuresOf(run, nameOf(cores), PEAK)?.goodput, figuresOf(run, nameOf(1), PEAK)?.goodput),
    },
  ],
  concludes(run) {
    const seen = run.variants.map(({ name, phases }) => {
      const main = phases[0]?.streams[MAIN];
      return `${name}: ${format(main?.goodput, 'per second')}, p99 ${format(main?.p99, 'ms')}`;
    });
    return `On ${cores} cores: ${seen.join('; ')}.`;
  },
} satisfies Scenario;

function nameOf(workers: number): string {
  return `${workers} worker${workers === 1 ? '' : 's'}`;
}
