import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { load } from '../support/load.ts';
import { Program, root, until } from '../support/program.ts';
import { hasPrometheus, Prometheus, promtool } from '../support/prometheus.ts';

// npm has no Prometheus to install; .ci/run installs Debian's.
const withPrometheus = hasPrometheus ? describe : describe.skip;

interface Dashboard {
  readonly panels: readonly {
    readonly title: string;
    readonly targets: readonly { readonly expr: string }[];
  }[];
}

const dashboard = JSON.parse(readFileSync(`${root}docker/grafana/dashboard.json`, 'utf8')) as Dashboard;

/** Requests of several kinds, so that metrics with labels have series. */
async function send(program: Program): Promise<void> {
  await program.get('/tasks');
  await program.get('/missing');
  await load(`${program.url}/livez`, { connections: 2, requests: 100 });
}

withPrometheus('promtool', () => {
  test.each(['2', '0'])('finds nothing wrong with the metrics (WORKERS=%s)', async (WORKERS) => {
    await using program = await Program.start({ WORKERS });
    await send(program);
    const text = await (await fetch(`${program.managementUrl}/metrics`)).text();
    expect(promtool(['check', 'metrics'], text)).toBe('');
  });

  test('accepts the configuration, and every rule fires, clears and ignores a near miss', () => {
    expect(promtool(['check', 'config', 'docker/prometheus/prometheus.yml'])).toBe('');
    expect(promtool(['test', 'rules', 'test/prometheus/alerts.test.yml'])).toBe('');
    const rules = readFileSync(`${root}docker/prometheus/alerts.yml`, 'utf8').matchAll(/alert: (\w+)/g);
    const tested = readFileSync(`${root}test/prometheus/alerts.test.yml`, 'utf8');
    for (const [, alert] of rules) {
      expect(tested).toContain(`name: ${alert} fires and clears`);
      expect(tested).toContain(`name: ${alert} does not fire for`);
    }
  });
});

withPrometheus('a Prometheus that scrapes the service', () => {
  const folder = mkdtempSync(join(tmpdir(), 'prometheus-'));
  let program: Program;
  let prometheus: Prometheus;

  beforeAll(async () => {
    program = await Program.start({ WORKERS: '2', LOG_MAX_WAITING_BYTES: '16384' });
    await send(program);
    prometheus = await Prometheus.start(folder, program.managementUrl);
  });
  afterAll(async () => {
    await prometheus[Symbol.asyncDispose]();
    await program[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  const becomes = (alert: string, state: string) =>
    until(`${alert} to be ${state}`, async () =>
      (await prometheus.stateOf(alert)) === state ? true : undefined,
    );

  test.each(dashboard.panels)('has data for "$title" of the dashboard', async ({ targets }) => {
    for (const { expr } of targets) {
      const query = expr.replaceAll('$__rate_interval', '10s').replaceAll('$instance', '.*');
      expect(query).not.toContain('$');
      await until(query, async () => ((await prometheus.query(query)).length > 0 ? true : undefined), 15_000);
    }
  });

  test('finds exactly the metrics that docs/telemetry.md lists', async () => {
    const page = readFileSync(`${root}docs/telemetry.md`, 'utf8').split('## Log events')[0] ?? '';
    const listed = [...page.matchAll(/^\| `(\w+)` +\| (\w+)/gm)].map(([, name, type]) => `${name} ${type}`);
    const scraped = (await prometheus.metadata())
      .map(({ metric, type }) => `${metric.replace(/^primary_/, '')} ${type}`)
      .filter((metric) => !metric.startsWith('scrape_') && !metric.startsWith('up '));
    // Its sum over workers would mean nothing: only a single process has it.
    expect(new Set([...scraped, 'process_start_time_seconds gauge'])).toEqual(new Set(listed));
  });

  test('raises no alert about a service that is fine', async () => {
    // A busy machine delays the event loop, too.
    expect(await prometheus.query('ALERTS{alertname!="EventLoopDelayed"}')).toEqual([]);
  });

  test('raises WorkersCrashing while workers crash, and clears it', async () => {
    for (let crashes = 0; crashes < 3; crashes += 1) {
      const [worker] = await program.readyWorkers(2);
      process.kill(worker?.pid ?? 0, 'SIGKILL');
      await program.logged('crashed', { workerPid: worker?.pid });
    }
    await becomes('WorkersCrashing', 'firing');
    await becomes('WorkersCrashing', 'inactive');
  });

  test('raises LogLinesDropped when the reader of the log has stalled, and clears it', async () => {
    program.process.stdout?.pause();
    const sending = new AbortController();
    const requests = (async () => {
      while (!sending.signal.aborted) await load(`${program.url}/livez`, { connections: 4, requests: 400 });
    })();
    await becomes('LogLinesDropped', 'firing');
    sending.abort();
    await requests;
    program.process.stdout?.resume();
    await becomes('LogLinesDropped', 'inactive');
  });

  test('raises ServiceDown when the service has ended', async () => {
    await program.stop();
    await becomes('ServiceDown', 'firing');
  });
});
