/**
 * Creates a burst of garbage in a heap of its own: that of the worker has a young generation of a size that depends on what
 * ran before, and collections that others cause.
 */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { getHeapStatistics } from 'node:v8';
import { parentPort, workerData } from 'node:worker_threads';
import { collectGarbage } from '../kit/measure/collect-garbage.ts';
import { allocateObjects } from './allocation.ts';
import { observePauses, type Pause } from './pauses.ts';

export interface BurstOptions {
  readonly objects: number;
  /** The share of the objects that stays reachable until the end. */
  readonly share: number;
}

export interface BurstReport {
  readonly allocatedBytes: number;
  /** What was reachable at the end, in addition to what was before. */
  readonly survivedBytes: number;
  readonly elapsedMs: number;
  /** CPU time of the thread, without V8's helper threads. */
  readonly cpuMs: number;
  /** Start times are in milliseconds since the epoch. */
  readonly pauses: readonly Pause[];
}

const { objects, share } = workerData as BurstOptions;

collectGarbage('major');
const before = getHeapStatistics().used_heap_size;
const cpu = process.threadCpuUsage();
const { value, elapsedMs, pauses } = await observePauses(() => allocateObjects(objects, share));
const { user, system } = process.threadCpuUsage(cpu);
collectGarbage('major');
const report: BurstReport = {
  allocatedBytes: value.allocatedBytes,
  survivedBytes: Math.max(0, getHeapStatistics().used_heap_size - before),
  elapsedMs,
  cpuMs: (user + system) / 1000,
  pauses: pauses.map((pause) => ({ ...pause, startedAt: performance.timeOrigin + pause.startedAt })),
};
// Sent with their number, so that they are reachable up to here.
parentPort?.postMessage({ ...report, held: value.held.length });
