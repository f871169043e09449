import { Contestant } from './contestant.ts';
import { Load } from './load.ts';
import { LOAD_CPU, ours, SERVER_CPU } from './setting.ts';
import { median, renderTable, spread, verdict } from './table.ts';

const workloads = [
  { name: 'a streamed answer of 256 MB', path: '/bench/stream', direction: 'down' },
  { name: 'a streamed upload of 256 MB', path: '/bench/upload', direction: 'up' },
] as const;

/** @returns throughput and peak memory of long answers and bodies, against a bare pipeline, as text */
export async function benchStreams(rounds: number): Promise<string> {
  await using load = new Load(LOAD_CPU);
  let text = '';
  for (const { name, path, direction } of workloads) {
    // New servers for each, so that the peak of memory is that of this workload.
    await using bare = await Contestant.start({
      name: 'node:http',
      program: 'bare-http.ts',
      cpus: SERVER_CPU,
    });
    await using full = await Contestant.start({
      name: 'ours',
      program: 'ours.ts',
      env: ours,
      cpus: SERVER_CPU,
    });
    const atRest = new Map([bare, full].map((contestant) => [contestant, contestant.residentBytes()]));
    const samples = new Map<Contestant, number[]>([
      [bare, []],
      [full, []],
    ]);
    for (let round = 0; round <= rounds; round += 1) {
      for (const [contestant, rates] of samples) {
        const { megabytesPerSecond } = await load.stream({ url: contestant.url + path, direction });
        if (round > 0) rates.push(megabytesPerSecond);
      }
      process.stderr.write(`bench: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}: ${name}\n`);
    }
    const ourRate = median(samples.get(full) ?? []);
    const rows = [...samples].map(([contestant, rates]) => ({
      contestant: contestant.name,
      'MB/s': median(rates).toFixed(0),
      spread: spread(rates),
      'ours / it': (ourRate / median(rates)).toFixed(2),
      aim: contestant === bare ? verdict(ourRate / median(rates), 'at least', 0.95) : '',
      'peak MB': (contestant.peakBytes() / 1e6).toFixed(0),
      'above rest MB': ((contestant.peakBytes() - (atRest.get(contestant) ?? 0)) / 1e6).toFixed(0),
    }));
    text += `\n${name}\n${renderTable(rows)}\n`;
  }
  return text;
}
