/** A process that derives keys on its own pool, and prints how long that took and how many pool threads took part. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { tracePool } from '../evidence/pool-trace.ts';
import { deriveMany } from './derive.ts';

export interface BatchReport {
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly poolThreads: number;
}

const [tasks = '1', iterations = '1000'] = process.argv.slice(2);
const {
  value: { elapsedMs, cpuMs },
  runs,
} = await tracePool(async () => {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await deriveMany(Number(tasks), Number(iterations));
  const { user, system } = process.cpuUsage(cpu);
  return { elapsedMs: performance.now() - startedAt, cpuMs: (user + system) / 1000 };
});
const poolThreads = new Set(runs.filter(({ kind }) => kind === 'crypto').map(({ thread }) => thread)).size;
const report: BatchReport = { elapsedMs, cpuMs, poolThreads };
process.stdout.write(`${JSON.stringify(report)}\n`);
