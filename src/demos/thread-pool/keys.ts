import { pbkdf2, pbkdf2Sync } from 'node:crypto';
import { promisify } from 'node:util';
import { rawEnvironment } from '../../config/environment.ts';
import { availableCpus } from '../../process/available-cpus.ts';
import { fastestMs } from '../kit/measure/fastest.ts';
import { perService } from '../kit/resources/per-service.ts';
import type { DemoResources } from '../kit/resources/resources.ts';

const derive = promisify(pbkdf2);

/** Tasks for the pool. */
export interface Batch {
  readonly tasks: number;
  readonly iterations: number;
}

/** Derives keys on the pool, all at once: tasks of equal length that only use CPU time. */
export async function deriveKeys(
  keys: number,
  iterations: number,
  onKey: () => void = () => undefined,
): Promise<void> {
  await Promise.all(
    Array.from({ length: keys }, () => derive('password', 'salt', iterations, 64, 'sha512').then(onKey)),
  );
}

/** Threads of libuv's pool in this process. */
export function poolSize(): number {
  return Number(rawEnvironment()['UV_THREADPOOL_SIZE'] ?? 4);
}

const SAMPLE_ITERATIONS = 2_000;
const SAMPLES = 5;

/** Measured once for each service. */
const sampleMsOf = perService(() =>
  fastestMs(SAMPLES, () => void pbkdf2Sync('password', 'salt', SAMPLE_ITERATIONS, 64, 'sha512')),
);

/** @returns about how many milliseconds a pool of this size takes on this machine */
export function batchMs({ tasks, iterations }: Batch, threads: number, resources: DemoResources): number {
  const keyMs = (sampleMsOf(resources) * iterations) / SAMPLE_ITERATIONS;
  return (tasks * keyMs) / Math.min(tasks, threads, availableCpus());
}
