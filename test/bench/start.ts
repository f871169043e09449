import { Contestant, type ContestantOptions } from './contestant.ts';
import { ours } from './setting.ts';
import { median, renderTable, spread } from './table.ts';

const contestants: readonly ContestantOptions[] = [
  { name: 'Express', program: 'bare-express.ts' },
  { name: 'Express, naive', program: 'naive.ts' },
  { name: 'Fastify', program: 'fastify.ts' },
  { name: 'ours, without demos', program: 'ours.ts', env: ours },
  { name: 'ours, all demos', program: '../../../src/main.ts', env: { ...ours, DEMOS: 'on', PAGE: 'on' } },
];

/** @returns time from start to ready and memory at rest, as text */
export async function benchStart(rounds: number): Promise<string> {
  const samples = new Map<string, { ms: number[]; megabytes: number[] }>();
  for (let round = 0; round <= rounds; round += 1) {
    for (const options of contestants) {
      await using contestant = await Contestant.start(options);
      if (round === 0) continue; // the first start reads every file from the disk
      const { ms, megabytes } = samples.get(options.name) ?? { ms: [], megabytes: [] };
      ms.push(contestant.startMs);
      megabytes.push(contestant.residentBytes() / 1e6);
      samples.set(options.name, { ms, megabytes });
    }
    process.stderr.write(`bench: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}: start\n`);
  }
  const rows = [...samples].map(([name, { ms, megabytes }]) => ({
    contestant: name,
    'ready after ms': median(ms).toFixed(0),
    spread: spread(ms),
    'memory MB': median(megabytes).toFixed(0),
  }));
  return `\nfrom start to ready, one process\n${renderTable(rows)}\n`;
}
