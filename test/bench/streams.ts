import { median } from '../../src/shared/statistics.ts';
import { Contestant } from './contestant.ts';
import { LoadGenerator } from './load-generator.ts';
import { exemplarEnv, LOAD_CPU, SERVER_CPU, showRound } from './settings.ts';
import { judge, range, renderRows } from './table.ts';

const workloads = [
  { name: 'a streamed response of 256 MB', path: '/bench/stream', direction: 'down' },
  { name: 'a streamed upload of 256 MB', path: '/bench/upload', direction: 'up' },
] as const;

/** Measures throughput and peak memory of large responses and bodies. @returns a table per direction, as text */
export async function benchStreams(rounds: number): Promise<string> {
  await using generator = LoadGenerator.start(LOAD_CPU);
  let text = '';
  for (const { name, path, direction } of workloads) {
    // New servers for each workload, because peak memory never falls.
    await using bare = await Contestant.start({
      name: 'node:http',
      program: 'bare-http.ts',
      cpus: SERVER_CPU,
    });
    await using exemplar = await Contestant.start({
      name: 'Exemplar',
      program: 'exemplar.ts',
      env: exemplarEnv,
      cpus: SERVER_CPU,
    });
    const samples = [bare, exemplar].map((contestant) => ({
      contestant,
      bytesAtRest: contestant.residentBytes(),
      rates: [] as number[],
    }));
    for (let round = 0; round <= rounds; round += 1) {
      for (const { contestant, rates } of samples) {
        const { megabytesPerSecond } = await generator.transfer({ url: contestant.url + path, direction });
        if (round > 0) rates.push(megabytesPerSecond);
      }
      showRound(round, rounds, name);
    }
    const exemplarRate = median(samples[1]?.rates ?? []);
    const rows = samples.map(({ contestant, bytesAtRest, rates }) => ({
      contestant: contestant.name,
      'MB/s': median(rates).toFixed(0),
      range: range(rates),
      'Exemplar / it': (exemplarRate / median(rates)).toFixed(2),
      target: contestant === bare ? judge(exemplarRate / median(rates), 'at least', 0.95) : '',
      'peak MB': (contestant.peakBytes() / 1e6).toFixed(0),
      'above idle MB': ((contestant.peakBytes() - bytesAtRest) / 1e6).toFixed(0),
    }));
    text += `\n${name}\n${renderRows(rows)}\n`;
  }
  return text;
}
