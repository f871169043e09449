import { readMetrics } from '../support/metrics.ts';
import type { Program } from '../support/program.ts';

/** @returns undefined if no worker has reported it in time */
export async function readGauge(program: Program, name: string): Promise<number | undefined> {
  return (await readMetrics(program)).get(name);
}
