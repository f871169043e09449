import cluster from 'node:cluster';
import { expect, test } from '@jest/globals';
import { WorkerHandle } from '../../src/primary/worker-handle.ts';
import type { MetricsJson } from '../../src/telemetry/metrics-reader.ts';
import { root } from '../support/program.ts';

const countIn = (metrics: MetricsJson | undefined) => metrics?.[0]?.values[0]?.value;

test('a late metrics reading does not replace a newer one or the final one', async () => {
  cluster.setupPrimary({ exec: `${root}test/primary/late-metrics-program.ts`, execArgv: [], args: [] });
  const worker = WorkerHandle.fork({
    slot: 0,
    environment: {},
    startTimeoutMs: 60_000,
    heartbeatTimeoutMs: 60_000,
    stopTimeoutMs: 60_000,
    managementAddress: '',
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
    await worker.exited();
  }
});
