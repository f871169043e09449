import { Contestant } from './contestant.ts';
import { Load } from './load.ts';
import { CONNECTIONS, LOAD_CPU, ours, SERVER_CPU } from './setting.ts';
import { median, renderTable, spread } from './table.ts';

const kinds = [
  { name: 'no cluster', WORKERS: '0' },
  { name: 'one worker', WORKERS: '1' },
  { name: 'two workers', WORKERS: '2' },
] as const;

/**
 * @param requests in each round
 * @returns CPU time of a request where workers share the work, the primary's included, as text
 */
export async function benchWorkers(rounds: number, requests: number): Promise<string> {
  await using load = new Load(LOAD_CPU);
  const running = new Map<Contestant, number[]>();
  try {
    for (const { name, WORKERS } of kinds) {
      const env = { ...ours, WORKERS };
      running.set(await Contestant.start({ name, program: 'ours.ts', env, cpus: SERVER_CPU }), []);
    }
    for (let round = 0; round <= rounds; round += 1) {
      for (const [contestant, samples] of running) {
        const before = contestant.cpuMicroseconds();
        const { answered } = await load.shoot({
          url: `${contestant.url}/bench/small`,
          method: 'GET',
          headers: {},
          connections: CONNECTIONS,
          requests,
        });
        if (round > 0) samples.push((contestant.cpuMicroseconds() - before) / answered);
      }
      process.stderr.write(`bench: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}: workers\n`);
    }
    const two = median([...running.values()].at(-1) ?? []);
    const rows = [...running].map(([{ name }, samples]) => ({
      'small JSON, all processes': name,
      'CPU µs': median(samples).toFixed(1),
      spread: spread(samples),
      'two / it': (two / median(samples)).toFixed(2),
    }));
    return `\nworkers, which count the requests of each client together\n${renderTable(rows)}\n`;
  } finally {
    for (const contestant of running.keys()) await contestant[Symbol.asyncDispose]();
  }
}
