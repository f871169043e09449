import cluster from 'node:cluster';
import { once } from 'node:events';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeAll, beforeEach, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { readSettings } from '../../src/config/read.ts';
import { ExitCode } from '../../src/cluster/messages.ts';
import { Supervisor } from '../../src/cluster/supervisor.ts';
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
    onGone: () => undefined,
    managementAddress: () => '',
    onGiveUp: () => undefined,
  });
}

function inService({ workers }: Supervisor): number {
  return workers.filter(({ state }) => state === 'ready').length;
}

/** Why workers could not start. */
function failuresOf({ events }: Supervisor): unknown[] {
  return events.latest.filter(({ event }) => event === 'start-failed').map(({ reason }) => reason);
}

test('a stop while the first worker starts forks no other, for nobody would wait for its end', async () => {
  const supervisor = supervise('test/cluster/late-program.ts', { WORKERS: '3' });
  const started = supervisor.start();
  await supervisor.stop('this test');
  expect(await started).toBeUndefined();
  expect(forked).toBe(1);
});

test('a free port that is taken before a worker listens on it is no failure: there are others', async () => {
  const supervisor = supervise('test/cluster/unlucky-program.ts', { WORKERS: '1', PORT: '0' });
  const gone = once(cluster, 'exit');
  expect(Number(await supervisor.start())).toBeGreaterThan(0);
  await gone; // after the other is in service, and it is not replaced again
  await supervisor.stop('this test');
  expect(forked).toBe(2);
});

test('a port that was asked for and is taken is a failure', async () => {
  const supervisor = supervise('test/cluster/unlucky-program.ts', { WORKERS: '1', PORT: '3000' });
  const gone = once(cluster, 'exit');
  await expect(supervisor.start()).rejects.toMatchObject({ exitCode: ExitCode.cannotListen });
  await gone;
  expect(forked).toBe(1);
});

test('a worker that the system cannot start is a failure as any other: its place is filled as soon as it can', async () => {
  const supervisor = supervise('test/cluster/unlucky-program.ts', { WORKERS: '2', PORT: '3000' }, []);
  await supervisor.start();
  const failed = once(cluster, 'exit');
  cluster.setupPrimary({ cwd: `${root}nowhere` });
  supervisor.workers[1]?.kill();
  await failed;
  await once(cluster, 'exit'); // of one that never was
  cluster.setupPrimary({ cwd: root });
  await until('two workers in service', () => (inService(supervisor) === 2 ? true : undefined));
  expect(failuresOf(supervisor)).toContainEqual(expect.stringContaining('ENOENT'));
  await supervisor.stop('this test');
});

test('a fork that throws is on record, is tried again, and a stop does not wait for it', async () => {
  const supervisor = supervise('test/cluster/unlucky-program.ts', { WORKERS: '2', PORT: '3000' }, []);
  await supervisor.start();
  cluster.setupPrimary({ args: ['\0'] }); // no program can be given that
  supervisor.workers[1]?.kill();
  await until('three tries', () => (failuresOf(supervisor).length >= 3 ? true : undefined));
  expect(failuresOf(supervisor)).toContainEqual(expect.stringContaining('null bytes'));
  cluster.setupPrimary({ args: [] });
  await until('two workers in service', () => (inService(supervisor) === 2 ? true : undefined));
  cluster.setupPrimary({ args: ['\0'] });
  supervisor.workers[1]?.kill();
  const tries = failuresOf(supervisor).length;
  await until('another try', () => (failuresOf(supervisor).length > tries ? true : undefined));
  await supervisor.stop('this test');
  cluster.setupPrimary({ args: [] });
  expect(forked).toBe(3);
  expect(supervisor.workers).toEqual([]);
});

test('a second worker that the system cannot start does not end the start, and comes when it can', async () => {
  const supervisor = supervise('test/cluster/unlucky-program.ts', { WORKERS: '2', PORT: '3000' }, []);
  cluster.once('fork', () => cluster.setupPrimary({ args: ['\0'] })); // no program can be given that
  expect(await supervisor.start()).toBeDefined();
  expect(inService(supervisor)).toBe(1);
  cluster.setupPrimary({ args: [] });
  await until('two workers in service', () => (inService(supervisor) === 2 ? true : undefined));
  await supervisor.stop('this test');
});

test('an error of a worker that lives is not its end', async () => {
  const supervisor = supervise('test/cluster/unlucky-program.ts', { WORKERS: '1', PORT: '3000' }, []);
  await supervisor.start();
  cluster.workers?.[supervisor.workers[0]?.id ?? 0]?.emit('error', new Error('write EPIPE'));
  expect(inService(supervisor)).toBe(1);
  await supervisor.stop('this test');
});

test('a signal to the whole group replaces nobody: the service hears of it as well', async () => {
  const supervisor = supervise('test/cluster/unlucky-program.ts', { WORKERS: '1', PORT: '3000' }, []);
  await supervisor.start();
  supervisor.workers[0]?.emit('signalled', 'SIGINT');
  await nextTurn();
  await supervisor.stop('SIGINT');
  expect(forked).toBe(1);
});
