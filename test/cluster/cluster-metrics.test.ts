import { Counter, Registry } from '@prometheus-io/client';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { ClusterMetrics } from '../../src/cluster/cluster-metrics.ts';
import { EventLog } from '../../src/cluster/events.ts';
import type { WorkerHandle } from '../../src/cluster/worker-handle.ts';
import type { MetricsJson } from '../../src/process/metrics-reader.ts';

const log = pino({ enabled: false });

test('a worker that ends while another is asked is counted once, and the sum never falls', async () => {
  const registry = new Registry();
  new Counter({ name: 'requests_total', help: 'Requests.', registers: [registry] }).inc(1_000);
  const sums = (await registry.getMetricsAsJSON()) as MetricsJson;
  const asked = Promise.withResolvers<MetricsJson>();
  const first = {
    id: 1,
    state: 'ready',
    collectMetrics: () => Promise.resolve(sums),
  } as unknown as WorkerHandle;
  const slow = { id: 2, state: 'ready', collectMetrics: () => asked.promise } as unknown as WorkerHandle;
  const workers = [first, slow];
  const metrics = new ClusterMetrics({
    workers: () => workers,
    events: new EventLog(log),
    log,
  });
  const total = async (text: Promise<string>) => Number(/^requests_total (\d+)/m.exec(await text)?.[1]);

  const during = total(metrics.collect());
  await new Promise(setImmediate);
  workers.shift();
  metrics.retire(first);
  asked.resolve(sums);
  expect(await during).toBe(2_000);
  expect(await total(metrics.collect())).toBe(2_000);

  workers.shift();
  metrics.retire(slow);
  metrics.retire(first); // in the same moment
  expect(await total(metrics.collect())).toBe(3_000);
});
