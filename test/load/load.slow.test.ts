import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { exitCodes } from '../../src/supervision/exit-codes.ts';
import { isAlive, until } from '../support/program.ts';
import { scenarios } from './list.ts';

const program = fileURLToPath(new URL('./run.ts', import.meta.url));
const flags = ['--disable-warning=ExperimentalWarning', program];

function load(...args: string[]) {
  return spawnSync(process.execPath, [...flags, ...args], { encoding: 'utf8' });
}

describe('npm run load', () => {
  test('lists every scenario with its lesson if none is named', () => {
    const { status, stdout } = load();
    expect(status).toBe(0);
    const words = (text: string) => text.replace(/\s+/g, ' ');
    for (const { name, teaches } of scenarios) {
      expect(stdout).toContain(`${name}: `);
      expect(words(stdout)).toContain(words(teaches));
    }
  });

  test.each([
    [['nonsense'], /Unknown scenario "nonsense": choose from all, baseline/],
    [['log', '--fast'], /'--fast'/],
    [['log', '--url', 'http://example.com'], /--i-own-this-host/],
    [['log', '--url', 'http://127.0.0.1:1'], /does not respond: start the service first/],
  ])('rejects %j with exit code 64 and one sentence', (args, sentence) => {
    const { status, stdout, stderr } = load(...args);
    expect(status).toBe(exitCodes.badUsage.code);
    expect(stdout).toBe('');
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
  });

  test('takes less than 7 minutes of load for all scenarios, and less than 90 s with --short', () => {
    const seconds = (short: boolean) =>
      scenarios
        .flatMap(({ variants }) => variants(short))
        .flatMap(({ phases }) => phases)
        .reduce((sum, phase) => sum + phase.seconds, 0);
    expect(seconds(false)).toBeLessThan(420);
    expect(seconds(true)).toBeLessThan(90);
  });
});

test('every threshold refers to existing variants and phases', () => {
  for (const { name, variants, thresholds } of scenarios) {
    const figures = new Proxy({}, { get: () => 1 }) as never;
    const run = {
      variants: variants(false).map(({ name: variant, phases }) => ({
        name: variant,
        settings: {},
        phases: phases.map((phase) => ({
          ...phase,
          fromS: 0,
          toS: 1,
          streams: new Proxy({}, { get: () => figures as unknown }) as never,
          server: { peakRssBytes: 1, maxDelayMs: 1, cpuPercent: 1, databaseWaitMs: 1 },
        })),
        windows: {},
        server: [],
        marks: [],
        notes: [],
      })),
    };
    expect(thresholds.length).toBeGreaterThan(0);
    for (const { what, measure } of thresholds) {
      expect({ name, what, figure: typeof measure(run) }).toEqual({ name, what, figure: 'number' });
    }
  }
});

test('a running service keeps its settings, and thresholds that need other settings are not judged', async () => {
  const urls = new Set<string>();
  const server = createServer((req, res) => {
    urls.add(req.url ?? '');
    res.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const out = mkdtempSync(join(tmpdir(), 'load-run-'));
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const args = ['cluster', '--short', '--json', '--out', out, '--url', url];
    const child = spawn(process.execPath, [...flags, ...args], { stdio: ['ignore', 'pipe', 'ignore'] });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    const [code] = (await once(child, 'close')) as [number];
    const { scenarios: reports, url: reportedUrl } = JSON.parse(text) as {
      url: string;
      scenarios: {
        verdicts: { holds: unknown }[];
        variants: { name: string; notes: string[] }[];
      }[];
    };
    expect(code).toBe(0);
    expect(reportedUrl).toBe(url);
    expect(reports[0]?.variants.map(({ name }) => name)).toEqual(['as it runs']);
    expect(reports[0]?.verdicts.map(({ holds }) => holds)).toEqual([null]);
    expect(reports[0]?.variants[0]?.notes.join()).toContain('--management-url');
    expect([...urls].sort()).toEqual(['/demos/cpu/inline?limit=60000', '/livez']);
    expect(
      readdirSync(out)
        .map((name) => name.replace(/.*\./, ''))
        .sort(),
    ).toEqual(['html', 'json']);
  } finally {
    server.close();
    server.closeAllConnections();
    rmSync(out, { recursive: true });
  }
});

const linuxTest = existsSync('/proc/self/task') ? test : test.skip; // finds child processes in /proc

linuxTest('an interrupted run ends every process that it started', async () => {
  const child = spawn(process.execPath, [...flags, 'log', '--short'], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let progress = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (progress += text));
  await until('the first phase', () => (progress.includes('log is read (') ? true : undefined), 25_000);
  const started = descendantsOf(child.pid ?? 0);
  expect(started.length).toBeGreaterThanOrEqual(3); // the service and two load generators
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  expect(await exited).toEqual([130, null]);
  await until('the end of all processes', () => (started.some(isAlive) ? undefined : true));
});

function descendantsOf(pid: number): number[] {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  );
  return children.flatMap((child) => [child, ...descendantsOf(child)]);
}
