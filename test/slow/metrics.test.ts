import { expect, test } from '@jest/globals';
import { load } from '../support/load.ts';
import { Program, root, until } from '../support/program.ts';

function start(env: Readonly<Record<string, string>>): Promise<Program> {
  return Program.start(env, root, `${root}test/slow/metrics-program.ts`);
}

/** The figures that the management port shows, by name and labels. */
async function scrape(program: Program): Promise<Map<string, number>> {
  const response = await fetch(`${program.managementUrl}/metrics`);
  expect(response.status).toBe(200);
  const lines = (await response.text()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

test.each([['2'], ['0']])(
  'a metric that cannot be read is left out and the log says so once; all else goes on (WORKERS=%s)',
  async (WORKERS) => {
    await using program = await start({ WORKERS });
    const pids = async () => (await program.workers()).map(({ pid }) => pid);
    const before = await pids();
    for (let scrapes = 1; scrapes <= 5; scrapes += 1) await scrape(program);
    const figures = await scrape(program);
    const processes = before.length;
    expect(figures.get('probe_jobs_total')).toBe(10 * processes);
    expect(figures.get('probe_pool')).toBe(5 * processes);
    expect(figures.has('probe_away') || figures.has('probe_hanging')).toBe(false);
    expect(figures.has('process_start_time_seconds')).toBe(WORKERS === '0'); // that of several means nothing
    expect(figures.get('metric_failures_total{metric="probe_away"}')).toBeGreaterThanOrEqual(5 * processes);
    expect([...figures.keys()].filter((name) => name.startsWith('supervision_worker_silent'))).toEqual([]);

    expect(await pids()).toEqual(before);
    for (const [metric, message] of [
      ['probe_away', 'the database is away'],
      ['probe_hanging', expect.stringMatching(/^it took more than \d+ ms$/) as unknown],
    ]) {
      const told = program.lines.filter((line) => line['metric'] === metric);
      expect(told.map((line) => line['pid']).sort()).toEqual([...before].sort());
      expect(told[0]).toMatchObject({ event: 'metric-failed', err: { message } });
    }
  },
);

test('what was counted before and during a stop stays counted, whatever gauges read', async () => {
  await using program = await start({ WORKERS: '2' });
  const reloaded = await fetch(`${program.managementUrl}/reload`, { method: 'POST' });
  expect(reloaded.status).toBe(200);
  await until('all jobs to be counted', async () =>
    (await scrape(program)).get('probe_jobs_total') === 2 * (10 + 1) + 2 * 10 ? true : undefined,
  );
});

test('lost log lines are a total: a reload does not take them back', async () => {
  await using program = await start({ WORKERS: '1', LOG_MAX_WAITING_BYTES: '16384' });
  const lost = async () => (await scrape(program)).get('log_lines_dropped_total') ?? 0;
  program.process.stdout?.pause();
  await until('lost lines', async () => {
    await load(`${program.url}/problems`, { connections: 4, requests: 400 });
    return (await lost()) > 0 ? true : undefined;
  });
  program.process.stdout?.resume();
  await program.logged('log-lines-dropped');
  const before = await lost();
  await fetch(`${program.managementUrl}/reload`, { method: 'POST' });
  expect((await scrape(program)).get('supervision_workers{state="ready"}')).toBe(1);
  expect(await lost()).toBeGreaterThanOrEqual(before);
});
