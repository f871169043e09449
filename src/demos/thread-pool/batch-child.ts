/** Derives keys on the pool of this process for each message, and sends which pool thread ran which task. */
import { stat } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { sizeThreadPool } from '../../config/environment.ts';
import { tracePool } from '../kit/measure/pool-trace.ts';
import type { BatchReport } from './batch.ts';
import { deriveKeys, type Batch } from './keys.ts';

const [set, size] = process.argv.slice(2);
if (set === 'after the first use') await stat('/');
if (size !== undefined) sizeThreadPool({ THREAD_POOL_SIZE: Number(size) });

process.on('message', (batch) => void run(batch as Batch));
// The parent is gone: no more batches will arrive.
process.once('disconnect', () => process.exit(0));

async function run({ tasks, iterations }: Batch): Promise<void> {
  const { value, runs, startMs } = await tracePool(async () => {
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    await deriveKeys(tasks, iterations);
    const { user, system } = process.cpuUsage(cpu);
    return { elapsedMs: performance.now() - startedAt, cpuMs: (user + system) / 1000 };
  });
  const report: BatchReport = { ...value, startMs, runs: runs.filter(({ kind }) => kind === 'crypto') };
  process.send?.(report);
}
