/** Derives keys on the pool of this process. Prints how long that took and how many pool threads took part. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { tracePool } from '../kit/measure/pool-trace.ts';
import { deriveKeys } from './keys.ts';

export interface BatchReport {
  readonly elapsedMs: number;
  readonly cpuMs: number;
  readonly poolThreads: number;
}

const [tasks = '1', iterations = '1000'] = process.argv.slice(2);
const { value, runs } = await tracePool(async () => {
  const cpu = process.cpuUsage();
  const startedAt = performance.now();
  await deriveKeys(Number(tasks), Number(iterations));
  const { user, system } = process.cpuUsage(cpu);
  return { elapsedMs: performance.now() - startedAt, cpuMs: (user + system) / 1000 };
});
const poolThreads = new Set(runs.filter(({ kind }) => kind === 'crypto').map(({ thread }) => thread)).size;
const report: BatchReport = { ...value, poolThreads };
process.stdout.write(`${JSON.stringify(report)}\n`);
