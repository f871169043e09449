import { Contestant } from './contestant.ts';
import { Load } from './load.ts';
import { CONNECTIONS, LOAD_CPU, ours, SERVER_CPU, WARM_UP_ROUNDS } from './setting.ts';
import { median, renderTable, spread, verdict } from './table.ts';

const kinds = [
  { name: 'no cluster', WORKERS: '0', processes: 1 },
  { name: 'one worker', WORKERS: '1', processes: 1 },
  { name: 'two workers', WORKERS: '2', processes: 2 },
] as const;

/**
 * Each worker gets the same load, whether there is one or two.
 *
 * @param requests in each round, of each worker
 * @returns CPU time of a request where workers share the work, the primary's included, as text
 */
export async function benchWorkers(rounds: number, requests: number): Promise<string> {
  await using load = new Load(LOAD_CPU);
  const running: {
    readonly contestant: Contestant;
    readonly processes: number;
    readonly samples: number[];
  }[] = [];
  try {
    for (const { name, WORKERS, processes } of kinds) {
      const env = { ...ours, WORKERS };
      const contestant = await Contestant.start({ name, program: 'ours.ts', env, cpus: SERVER_CPU });
      running.push({ contestant, processes, samples: [] });
    }
    for (let round = 1 - WARM_UP_ROUNDS; round <= rounds; round += 1) {
      for (const { contestant, processes, samples } of running) {
        const before = contestant.cpuMicroseconds();
        const { answered } = await load.shoot({
          url: `${contestant.url}/bench/small`,
          method: 'GET',
          headers: {},
          connections: CONNECTIONS * processes,
          requests: requests * processes,
        });
        if (round > 0) samples.push((contestant.cpuMicroseconds() - before) / answered);
      }
      process.stderr.write(`bench: ${round < 1 ? 'warm-up' : `round ${round} of ${rounds}`}: workers\n`);
    }
    const two = median(running.at(-1)?.samples ?? []);
    const rows = running.map(({ contestant: { name }, samples }) => ({
      'small JSON, all processes': name,
      'CPU µs': median(samples).toFixed(1),
      spread: spread(samples),
      'two / it': (two / median(samples)).toFixed(2),
      aim: name === 'one worker' ? verdict(two / median(samples), 'at most', 1.05) : '',
    }));
    return `\nworkers, which count the requests of each client together; ${CONNECTIONS} connections for each\n${renderTable(rows)}\n`;
  } finally {
    for (const { contestant } of running) await contestant[Symbol.asyncDispose]();
  }
}
