import { Counter, Gauge, Registry } from '@prometheus-io/client';
import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { ClusterMetrics } from '../../src/cluster/cluster-metrics.ts';
import { EventLog } from '../../src/cluster/events.ts';
import type { WorkerHandle } from '../../src/cluster/worker-handle.ts';
import { addCounter, addGauge } from '../../src/process/metrics.ts';
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
    metrics: sums,
    collectMetrics: () => Promise.resolve(sums),
  } as unknown as WorkerHandle;
  const slow = {
    id: 2,
    state: 'ready',
    metrics: sums,
    collectMetrics: () => asked.promise,
  } as unknown as WorkerHandle;
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

test('a gauge of what the workers share is not added up, one of what each has is', async () => {
  const workers = await Promise.all(
    [7, 9].map(async (size, index) => {
      const registry = new Registry();
      addGauge(registry, 'shared_rows', 'Rows.', () => Promise.resolve(size), 'max');
      addGauge(registry, 'own_rows', 'Rows.', () => size);
      addCounter(registry, 'rows_total', 'Rows.', () => size);
      await registry.getMetricsAsJSON(); // a total that is read twice is not counted twice
      const metrics = (await registry.getMetricsAsJSON()) as MetricsJson;
      return { id: index, state: 'ready', collectMetrics: () => Promise.resolve(metrics) };
    }),
  );
  const metrics = new ClusterMetrics({
    workers: () => workers as unknown as WorkerHandle[],
    events: new EventLog(log),
    log,
  });
  const text = await metrics.collect();
  expect(text).toMatch(/^shared_rows 9$/m);
  expect(text).toMatch(/^own_rows 16$/m);
  expect(text).toMatch(/^# TYPE rows_total counter\nrows_total 16$/m);
});

test('of a worker that is silent its last sums stand in, and it is named; of one that is gone no gauge is left', async () => {
  const registry = new Registry();
  new Counter({ name: 'requests_total', help: 'Requests.', registers: [registry] }).inc(5);
  new Gauge({ name: 'in_flight', help: 'Requests.', registers: [registry] }).set(5);
  const sums = (await registry.getMetricsAsJSON()) as MetricsJson;
  const answers = [sums, undefined];
  const worker = {
    id: 7,
    state: 'ready',
    metrics: sums, // what it said last
    collectMetrics: () => Promise.resolve(answers.shift()),
  } as unknown as WorkerHandle;
  const workers = [worker];
  const metrics = new ClusterMetrics({ workers: () => workers, events: new EventLog(log), log });

  const spoken = await metrics.collect();
  expect(spoken).toMatch(/^requests_total 5$/m);
  expect(spoken).toMatch(/^in_flight 5$/m);
  expect(spoken).not.toMatch(/^supervision_worker_silent\{/m);

  const silent = await metrics.collect();
  expect(silent).toMatch(/^requests_total 5$/m);
  expect(silent).not.toMatch(/^in_flight /m);
  expect(silent).toMatch(/^supervision_worker_silent\{worker="7"\} 1$/m);

  workers.shift();
  metrics.retire(worker);
  const gone = await metrics.collect();
  expect(gone).toMatch(/^requests_total 5$/m);
  expect(gone).not.toMatch(/^in_flight /m);
});
