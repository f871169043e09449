import cluster from 'node:cluster';
import { expect, test } from '@jest/globals';
import { WorkerHandle } from '../../src/cluster/worker-handle.ts';
import type { MetricsJson } from '../../src/process/metrics-reader.ts';
import { root } from '../support/program.ts';

const countIn = (metrics: MetricsJson | undefined) => metrics?.[0]?.values[0]?.value;

test('an older reading of the metrics that comes late replaces no newer one, least of all the last', async () => {
  cluster.setupPrimary({ exec: `${root}test/cluster/tardy-program.ts`, execArgv: [], args: [] });
  const worker = new WorkerHandle({
    slot: 0,
    environment: {},
    startTimeoutMs: 60_000,
    heartbeatTimeoutMs: 60_000,
    stopTimeoutMs: 60_000,
    managementAddress: () => '',
  });
  try {
    await worker.ready;
    const first = worker.collectMetrics(1, 60_000);
    expect(countIn(await worker.collectMetrics(2, 60_000))).toBe(2);
    expect(countIn(await first)).toBe(1);
    expect(countIn(worker.metrics)).toBe(2);
    expect(countIn(await worker.collectMetrics(3, 60_000))).toBe(3);
    expect(countIn(worker.metrics)).toBe(4);
  } finally {
    worker.kill();
    await worker.gone();
  }
});
