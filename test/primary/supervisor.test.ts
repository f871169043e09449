import cluster from 'node:cluster';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { readSettings } from '../../src/config/config.ts';
import { exitCodes } from '../../src/supervision/exit-codes.ts';
import { Supervisor } from '../../src/primary/supervisor.ts';
import { testEnvironment } from '../support/environment.ts';
import { root, until } from '../support/program.ts';

let forked = 0;
beforeAll(() => {
  cluster.on('fork', () => {
    forked += 1;
    cluster.setupPrimary({ args: [] }); // those after it are not the first
  });
});
beforeEach(() => {
  forked = 0;
});

function supervise(
  program: string,
  env: Readonly<Record<string, string>>,
  firstArgs: readonly string[] = ['first'],
): Supervisor {
  cluster.setupPrimary({ exec: root + program, execArgv: [], args: [...firstArgs] });
  const settings = readSettings({ ...testEnvironment, ...env });
  return new Supervisor({
    settings,
    log: pino({ enabled: false }),
    readSettings: () => settings,
  });
}

function inService({ workers }: Supervisor): number {
  return workers.filter(({ state }) => state === 'ready').length;
}

/** Reasons why workers could not start. */
function failuresOf({ events }: Supervisor): unknown[] {
  return events.latest.filter(({ event }) => event === 'start-failed').map(({ reason }) => reason);
}

test('forks no other worker if it is stopped while the first one starts', async () => {
  const supervisor = supervise('test/primary/ready-after-drain-program.ts', { WORKERS: '3' });
  const started = supervisor.start('');
  await supervisor.stop('test');
  expect(await started).toBeUndefined();
  expect(forked).toBe(1);
});

test('is ready once all workers have started, not when the first one serves', async () => {
  const supervisor = supervise(
    'test/primary/first-start-fails-program.ts',
    { WORKERS: '2', PORT: '3000' },
    [],
  );
  const statuses: string[] = [];
  supervisor.events.subscribe(({ event }) => {
    if (event === 'ready') statuses.push(supervisor.readiness.status);
  });
  await supervisor.start('');
  statuses.push(supervisor.readiness.status);
  const stopped = supervisor.stop('test');
  statuses.push(supervisor.readiness.status);
  await stopped;
  expect(statuses).toEqual(['starting', 'starting', 'ready', 'draining']);
});

test('with PORT=0 tries another port if the free one is taken before a worker listens on it', async () => {
  const supervisor = supervise('test/primary/first-start-fails-program.ts', { WORKERS: '1', PORT: '0' });
  const gone = once(cluster, 'exit');
  expect(Number(await supervisor.start(''))).toBeGreaterThan(0);
  await gone; // it exits after the other one is ready, and is not replaced again
  await supervisor.stop('test');
  expect(forked).toBe(2);
});

test('fails to start if the configured port is in use', async () => {
  const supervisor = supervise('test/primary/first-start-fails-program.ts', { WORKERS: '1', PORT: '3000' });
  const gone = once(cluster, 'exit');
  await expect(supervisor.start('')).rejects.toMatchObject({ exitCode: exitCodes.unavailable.code });
  await gone;
  expect(forked).toBe(1);
});

test('refills the slot of a worker whose process could not be created', async () => {
  const supervisor = supervise(
    'test/primary/first-start-fails-program.ts',
    { WORKERS: '2', PORT: '3000' },
    [],
  );
  await supervisor.start('');
  const failed = once(cluster, 'exit');
  cluster.setupPrimary({ cwd: `${root}nowhere` });
  supervisor.workers[1]?.kill();
  await failed;
  await once(cluster, 'exit'); // of the process that was never created
  cluster.setupPrimary({ cwd: root });
  await until('two workers in service', () => (inService(supervisor) === 2 ? true : undefined));
  expect(failuresOf(supervisor)).toContainEqual(expect.stringContaining('ENOENT'));
  await supervisor.stop('test');
});

test('records a fork that throws, retries it, and does not wait for it at shutdown', async () => {
  const supervisor = supervise(
    'test/primary/first-start-fails-program.ts',
    { WORKERS: '2', PORT: '3000' },
    [],
  );
  await supervisor.start('');
  cluster.setupPrimary({ args: ['\0'] }); // not valid as an argument
  supervisor.workers[1]?.kill();
  await until('three attempts', () => (failuresOf(supervisor).length >= 3 ? true : undefined));
  expect(failuresOf(supervisor)).toContainEqual(expect.stringContaining('null bytes'));
  cluster.setupPrimary({ args: [] });
  await until('two workers in service', () => (inService(supervisor) === 2 ? true : undefined));
  cluster.setupPrimary({ args: ['\0'] });
  supervisor.workers[1]?.kill();
  const attempts = failuresOf(supervisor).length;
  await until('another attempt', () => (failuresOf(supervisor).length > attempts ? true : undefined));
  await supervisor.stop('test');
  cluster.setupPrimary({ args: [] });
  expect(forked).toBe(3);
  expect(supervisor.workers).toEqual([]);
});

test('starts without a second worker that cannot be created, and creates it later', async () => {
  const supervisor = supervise(
    'test/primary/first-start-fails-program.ts',
    { WORKERS: '2', PORT: '3000' },
    [],
  );
  cluster.once('fork', () => cluster.setupPrimary({ args: ['\0'] })); // not valid as an argument
  expect(await supervisor.start('')).toBeDefined();
  expect(inService(supervisor)).toBe(1);
  cluster.setupPrimary({ args: [] });
  await until('two workers in service', () => (inService(supervisor) === 2 ? true : undefined));
  await supervisor.stop('test');
});

test('an error event of a running worker does not count as its exit', async () => {
  const supervisor = supervise(
    'test/primary/first-start-fails-program.ts',
    { WORKERS: '1', PORT: '3000' },
    [],
  );
  await supervisor.start('');
  cluster.workers?.[supervisor.workers[0]?.id ?? 0]?.emit('error', new Error('write EPIPE'));
  expect(inService(supervisor)).toBe(1);
  await supervisor.stop('test');
});

test('a signal to the whole process group shuts down without replacing a worker', async () => {
  const supervisor = supervise(
    'test/primary/first-start-fails-program.ts',
    { WORKERS: '1', PORT: '3000' },
    [],
  );
  await supervisor.start('');
  supervisor.workers[0]?.emit('signal-received', 'SIGINT');
  await nextTurn();
  await supervisor.stop('SIGINT');
  expect(forked).toBe(1);
});
