import { median } from '../../src/shared/statistics.ts';
import { Contestant } from './contestant.ts';
import { LoadGenerator } from './load-generator.ts';
import { CONNECTIONS, exemplarEnv, LOAD_CPU, SERVER_CPU, showRound, WARM_UP_ROUNDS } from './settings.ts';
import { judge, range, renderRows } from './table.ts';

const kinds = [
  { name: 'no cluster', WORKERS: '0', processes: 1 },
  { name: 'one worker', WORKERS: '1', processes: 1 },
  { name: 'two workers', WORKERS: '2', processes: 2 },
] as const;

/**
 * Measures the CPU time of a request with a cluster, including that of the primary. Each worker gets the same load.
 *
 * @param requests per round and worker
 * @returns a table, as text
 */
export async function benchWorkers(rounds: number, requests: number): Promise<string> {
  await using generator = LoadGenerator.start(LOAD_CPU);
  const running: {
    readonly contestant: Contestant;
    readonly processes: number;
    readonly samples: number[];
  }[] = [];
  try {
    for (const { name, WORKERS, processes } of kinds) {
      const env = { ...exemplarEnv, WORKERS };
      const contestant = await Contestant.start({ name, program: 'exemplar.ts', env, cpus: SERVER_CPU });
      running.push({ contestant, processes, samples: [] });
    }
    for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round += 1) {
      for (const { contestant, processes, samples } of running) {
        const before = contestant.cpuMicroseconds();
        const { responses } = await generator.sendRequests({
          url: `${contestant.url}/bench/small`,
          method: 'GET',
          headers: {},
          connections: CONNECTIONS * processes,
          requests: requests * processes,
        });
        if (round > 0) samples.push((contestant.cpuMicroseconds() - before) / responses);
      }
      showRound(round, rounds, 'workers');
    }
    const two = median(running.at(-1)?.samples ?? []);
    const rows = running.map(({ contestant: { name }, samples }) => ({
      'small JSON, all processes': name,
      'CPU µs': median(samples).toFixed(1),
      range: range(samples),
      'two / it': (two / median(samples)).toFixed(2),
      target: name === 'one worker' ? judge(two / median(samples), 'at most', 1.05) : '',
    }));
    return `\nworkers with a shared rate limit; ${CONNECTIONS} connections per worker\n${renderRows(rows)}\n`;
  } finally {
    for (const { contestant } of running) await contestant[Symbol.asyncDispose]();
  }
}
