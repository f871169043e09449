import { expect, test } from '@jest/globals';
import { Counter, Gauge, Registry, Summary } from '@prometheus-io/client';
import { pino } from 'pino';
import { ClusterMetrics } from '../../src/primary/cluster-metrics.ts';
import { EventLog } from '../../src/primary/event-log.ts';
import type { WorkerHandle } from '../../src/primary/worker-handle.ts';
import { addCounter, addGauge } from '../../src/telemetry/metrics.ts';
import type { MetricsJson } from '../../src/telemetry/metrics-reader.ts';

const log = pino({ enabled: false });

/** @param metrics its last reading */
function createWorker(
  id: number,
  collectMetrics: () => Promise<MetricsJson | undefined>,
  metrics?: MetricsJson,
): WorkerHandle {
  return { id, state: 'ready', metrics, collectMetrics } as unknown as WorkerHandle;
}

function createMetrics(workers: readonly WorkerHandle[]): ClusterMetrics {
  return new ClusterMetrics({
    workers: () => workers,
    events: new EventLog(log),
    log,
    destination: { dropped: 0 },
  });
}

test('counts a worker that exits during a collection once, so that totals never fall', async () => {
  const registry = new Registry();
  new Counter({ name: 'requests_total', help: 'Requests.', registers: [registry] }).inc(1_000);
  const reading = await registry.getMetricsAsJSON();
  const slowReading = Promise.withResolvers<MetricsJson>();
  const quick = createWorker(1, () => Promise.resolve(reading), reading);
  const slow = createWorker(2, () => slowReading.promise, reading);
  const workers = [quick, slow];
  const metrics = createMetrics(workers);
  const total = async (text: Promise<string>) => Number(/^requests_total (\d+)/m.exec(await text)?.[1]);

  const during = total(metrics.collect());
  await new Promise(setImmediate);
  workers.shift();
  metrics.retire(quick);
  slowReading.resolve(reading);
  expect(await during).toBe(2_000);
  expect(await total(metrics.collect())).toBe(2_000);

  workers.shift();
  metrics.retire(slow);
  metrics.retire(quick); // at the same moment
  expect(await total(metrics.collect())).toBe(3_000);
});

test('takes the maximum of a gauge that workers share and adds up all other metrics', async () => {
  const workers = await Promise.all(
    [7, 9].map(async (size, id) => {
      const registry = new Registry();
      addGauge(registry, 'shared_rows', 'Rows.', () => Promise.resolve(size), 'max');
      addGauge(registry, 'own_rows', 'Rows.', () => size);
      addCounter(registry, 'rows_total', 'Rows.', () => size);
      await registry.getMetricsAsJSON(); // a total that is read twice must not be counted twice
      const reading = await registry.getMetricsAsJSON();
      return createWorker(id, () => Promise.resolve(reading));
    }),
  );
  const text = await createMetrics(workers).collect();
  expect(text).toMatch(/^shared_rows 9$/m);
  expect(text).toMatch(/^own_rows 16$/m);
  expect(text).toMatch(/^# TYPE rows_total counter\nrows_total 16$/m);
});

test('uses the last totals of a silent worker, names it, and keeps only the totals of one that has exited', async () => {
  const registry = new Registry();
  new Counter({ name: 'requests_total', help: 'Requests.', registers: [registry] }).inc(5);
  new Gauge({ name: 'in_flight', help: 'Requests.', registers: [registry] }).set(5);
  const reading = await registry.getMetricsAsJSON();
  const replies = [reading, undefined];
  const worker = createWorker(7, () => Promise.resolve(replies.shift()), reading);
  const workers = [worker];
  const metrics = createMetrics(workers);

  const responsive = await metrics.collect();
  expect(responsive).toMatch(/^requests_total 5$/m);
  expect(responsive).toMatch(/^in_flight 5$/m);
  expect(responsive).not.toMatch(/^supervision_worker_silent\{/m);

  const silent = await metrics.collect();
  expect(silent).toMatch(/^requests_total 5$/m);
  expect(silent).not.toMatch(/^in_flight /m);
  expect(silent).toMatch(/^supervision_worker_silent\{worker="7"\} 1$/m);

  workers.shift();
  metrics.retire(worker);
  const exited = await metrics.collect();
  expect(exited).toMatch(/^requests_total 5$/m);
  expect(exited).not.toMatch(/^in_flight /m);
});

test('adds up the sums and counts of summaries, also of exited workers, and leaves out their quantiles', async () => {
  const workers = await Promise.all(
    [1, 2].map(async (id) => {
      const registry = new Registry();
      new Summary({ name: 'wait_seconds', help: 'Waits.', registers: [registry] }).observe(id);
      const reading = JSON.parse(JSON.stringify(await registry.getMetricsAsJSON())) as MetricsJson;
      return createWorker(id, () => Promise.resolve(reading), reading);
    }),
  );
  const metrics = createMetrics(workers);
  const lines = async () =>
    (await metrics.collect()).split('\n').filter((line) => line.startsWith('wait_seconds'));
  expect(await lines()).toEqual(['wait_seconds_sum 3', 'wait_seconds_count 2']);
  for (const worker of workers.splice(0)) metrics.retire(worker);
  expect(await lines()).toEqual(['wait_seconds_sum 3', 'wait_seconds_count 2']);
});
