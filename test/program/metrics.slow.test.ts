import { expect, test } from '@jest/globals';
import { load } from '../support/load.ts';
import { readMetrics } from '../support/metrics.ts';
import { Program, root, until } from '../support/program.ts';

function start(env: Readonly<Record<string, string>>): Promise<Program> {
  return Program.start(env, root, `${root}test/program/broken-metrics-program.ts`);
}

test.each(['2', '0'])('leaves out metrics that fail and logs each once (WORKERS=%s)', async (WORKERS) => {
  await using program = await start({ WORKERS });
  const pids = async () => (await program.workers()).map(({ pid }) => pid).sort();
  const before = await pids();
  for (let scrapes = 1; scrapes <= 5; scrapes += 1) await readMetrics(program);
  const metrics = await readMetrics(program);
  const processes = before.length;
  expect(metrics.get('probe_jobs_total')).toBe(10 * processes);
  expect(metrics.get('probe_pool')).toBe(5 * processes);
  expect(metrics.has('probe_throwing') || metrics.has('probe_hanging')).toBe(false);
  expect(metrics.has('process_start_time_seconds')).toBe(WORKERS === '0'); // a sum over workers means nothing
  expect(metrics.get('metric_failures_total{metric="probe_throwing"}')).toBeGreaterThanOrEqual(5 * processes);
  expect([...metrics.keys()].filter((name) => name.startsWith('supervision_worker_silent'))).toEqual([]);

  expect(await pids()).toEqual(before);
  for (const [metric, message] of [
    ['probe_throwing', 'the database is down'],
    ['probe_hanging', expect.stringMatching(/^timed out after \d+ ms$/) as unknown],
  ]) {
    const logged = program.lines.filter((line) => line['metric'] === metric);
    expect(logged.map((line) => line['pid']).sort()).toEqual(before);
    expect(logged[0]).toMatchObject({ event: 'metric-failed', err: { message } });
  }
});

test('keeps what a worker counted before and during its shutdown, even if a gauge fails then', async () => {
  await using program = await start({ WORKERS: '2' });
  const reloaded = await fetch(`${program.managementUrl}/reload`, { method: 'POST' });
  expect(reloaded.status).toBe(200);
  await until('all jobs to be counted', async () =>
    (await readMetrics(program)).get('probe_jobs_total') === 2 * (10 + 1) + 2 * 10 ? true : undefined,
  );
});

test('keeps the total of lost log lines over a reload', async () => {
  await using program = await start({ WORKERS: '1', LOG_MAX_WAITING_BYTES: '16384' });
  const lost = async () => (await readMetrics(program)).get('log_lines_dropped_total') ?? 0;
  program.process.stdout?.pause();
  await until('lost lines', async () => {
    await load(`${program.url}/problems`, { connections: 4, requests: 400 });
    return (await lost()) > 0 ? true : undefined;
  });
  program.process.stdout?.resume();
  await program.logged('log-lines-dropped');
  const before = await lost();
  await fetch(`${program.managementUrl}/reload`, { method: 'POST' });
  expect((await readMetrics(program)).get('supervision_workers{state="ready"}')).toBe(1);
  expect(await lost()).toBeGreaterThanOrEqual(before);
});
