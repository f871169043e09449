import { median } from '../../src/shared/statistics.ts';
import { Contestant, type ContestantOptions } from './contestant.ts';
import { exemplarEnv, showRound } from './settings.ts';
import { range, renderRows } from './table.ts';

const contestants: readonly ContestantOptions[] = [
  { name: 'Express', program: 'bare-express.ts' },
  { name: 'Express + middleware', program: 'express-with-middleware.ts' },
  { name: 'Fastify + plugins', program: 'fastify.ts' },
  { name: 'Exemplar without demos', program: 'exemplar.ts', env: exemplarEnv },
  {
    name: 'Exemplar with all demos',
    program: '../../../src/main.ts',
    env: { ...exemplarEnv, DEMOS: 'on', PAGE: 'on' },
  },
];

/** Measures the time from start to ready, and the memory of an idle server. @returns a table, as text */
export async function benchStart(rounds: number): Promise<string> {
  const samples = new Map<string, { ms: number[]; megabytes: number[] }>();
  for (let round = 0; round <= rounds; round += 1) {
    for (const options of contestants) {
      await using contestant = await Contestant.start(options);
      if (round === 0) continue; // the first start reads every file from disk
      const { ms, megabytes } = samples.get(options.name) ?? { ms: [], megabytes: [] };
      ms.push(contestant.startMs);
      megabytes.push(contestant.residentBytes() / 1e6);
      samples.set(options.name, { ms, megabytes });
    }
    showRound(round, rounds, 'start');
  }
  const rows = [...samples].map(([name, { ms, megabytes }]) => ({
    contestant: name,
    'ready after ms': median(ms).toFixed(0),
    range: range(ms),
    'memory MB': median(megabytes).toFixed(0),
  }));
  return `\nfrom start to ready, one process\n${renderRows(rows)}\n`;
}
