import { availableCpus } from '../../../src/process/available-cpus.ts';
import { format, formatList } from '../report/units.ts';
import { figuresOf, MAIN, ratio, type Scenario } from '../scenario.ts';

/** Some milliseconds of work, because the load generator shares the CPUs with the workers. */
const request = { path: '/demos/cpu/inline?limit=60000' };
const PEAK = 'peak';
const cpus = availableCpus();
/** Powers of two below the number of CPUs, that number, and twice as many. */
const counts = [...new Set([1, 2, 4, 8, 16].filter((count) => count < cpus)), cpus, 2 * cpus];

export const cluster = {
  name: 'cluster',
  title: 'More workers, up to the number of CPUs',
  teaches:
    'The event loop of a process uses one CPU. Workers multiply the throughput up to the number of CPUs. More workers ' +
    'only share the CPUs, and cost memory.',
  expects:
    'Throughput rises in proportion to the workers and levels off at the number of CPUs, where the load generator takes its share.',
  bySettings: true,
  variants: (short) =>
    (short ? [...new Set([1, cpus])] : counts).map((workers) => ({
      name: nameOf(workers),
      settings: { WORKERS: String(workers) },
      phases: [
        {
          name: PEAK,
          x: workers,
          seconds: short ? 3 : 8,
          loads: { [MAIN]: { model: 'closed', connections: 32, request } },
        },
      ],
    })),
  chart: {
    kind: 'curve',
    xLabel: 'workers',
    xUnit: 'count',
    yLabel: 'goodput',
    unit: 'per second',
    y: ({ streams }) => streams[MAIN]?.goodput,
  },
  thresholds: [
    {
      what: `goodput, ${nameOf(cpus)} relative to 1`,
      atLeast: 1 + 0.3 * (Math.min(cpus, 8) - 1),
      // In a few seconds, other processes matter more than workers: it must only not be slower.
      short: 0.9,
      unit: 'times',
      measure: (run) =>
        cpus === 1
          ? undefined
          : ratio(figuresOf(run, nameOf(cpus), PEAK)?.goodput, figuresOf(run, nameOf(1), PEAK)?.goodput),
    },
  ],
  conclude(run) {
    const results = run.variants.map(({ name, phases }) => {
      const main = phases[0]?.streams[MAIN];
      return `${format(main?.goodput, 'per second')} with ${name} (p99 ${format(main?.p99, 'ms')})`;
    });
    return `On ${cpus} CPU${cpus === 1 ? '' : 's'}, goodput was ${formatList(results)}.`;
  },
} satisfies Scenario;

function nameOf(workers: number): string {
  return `${workers} worker${workers === 1 ? '' : 's'}`;
}
