import { once } from 'node:events';
import process from 'node:process';
import { expect, test } from '@jest/globals';
import { isAlive, until, type Program } from '../support/program.ts';
import { startProbe } from '../support/start-probe.ts';

async function workerPid(program: Program): Promise<number> {
  return (await program.readyWorkers(1))[0]?.pid ?? 0;
}

test('the primary kills and replaces an unresponsive worker, and kills one that hangs while it shuts down', async () => {
  await using program = await startProbe({
    WORKERS: '1',
    HEARTBEAT_TIMEOUT_MS: '500',
    SHUTDOWN_TIMEOUT_MS: '1000',
    SHUTDOWN_SETTLE_MS: '900',
  });
  const first = await workerPid(program);
  process.kill(first, 'SIGSTOP');
  await program.logged('unresponsive', { workerPid: first });
  await program.logged('crashed', { workerPid: first, signal: 'SIGKILL' });
  await program.logged('replaced');
  const second = await workerPid(program);
  expect(second).not.toBe(first);
  await program.get('/probe/uncaught-exception', { method: 'POST' });
  await program.logged('stopping', { workerPid: second });
  process.kill(second, 'SIGSTOP');
  await program.logged('crashed', { workerPid: second, signal: 'SIGKILL' });
});

test('a worker that is paused in a debugger is not killed, and serves again when it is resumed', async () => {
  const HEARTBEAT_TIMEOUT_MS = 500;
  await using program = await startProbe({
    WORKERS: '1',
    HEARTBEAT_TIMEOUT_MS: String(HEARTBEAT_TIMEOUT_MS),
    NODE_OPTIONS: '--inspect=0',
  });
  const worker = await workerPid(program);
  await until('a report', async () =>
    (await program.workers()).some(({ report }) => report?.debugging) ? true : undefined,
  );
  // Of the primary and of the worker, in this order.
  const [, url = ''] = program.errors.match(/ws:\S+/g) ?? [];
  const debuggerOf = new WebSocket(url);
  await once(debuggerOf, 'open');
  const send = (id: number, method: string) => debuggerOf.send(JSON.stringify({ id, method }));
  send(1, 'Debugger.enable');
  send(2, 'Debugger.pause');
  const response = program.get('/livez');
  await until('the worker to be silent', async () =>
    (await program.workers()).some(({ silentMs }) => silentMs > 3 * HEARTBEAT_TIMEOUT_MS) ? true : undefined,
  );
  await program.logged('paused', { workerPid: worker });
  send(3, 'Debugger.resume');
  debuggerOf.close();
  expect((await response).status).toBe(200);
  expect(await workerPid(program)).toBe(worker);
  expect(program.lines.filter(({ event }) => event === 'unresponsive')).toEqual([]);
});

test('a blocked worker is killed soon after its primary dies', async () => {
  await using program = await startProbe({ WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '4000' });
  const worker = await workerPid(program);
  const blockedFails = expect(program.get('/probe/blocking?ms=60000')).rejects.toThrow();
  await until('the worker to be silent', async () =>
    (await program.workers()).some(({ silentMs }) => silentMs > 1_500) ? true : undefined,
  );
  program.kill('SIGKILL');
  await until('the worker to end', () => (isAlive(worker) ? undefined : true));
  await blockedFails;
});

test('a shutdown also ends a worker that is suspended', async () => {
  await using program = await startProbe({ WORKERS: '2', SHUTDOWN_TIMEOUT_MS: '1000' });
  const pids = (await program.readyWorkers(2)).map(({ pid }) => pid);
  process.kill(pids[0] ?? 0, 'SIGSTOP');
  program.kill('SIGTERM');
  expect((await program.exited).code).toBe(0);
  expect(pids.filter(isAlive)).toEqual([]);
});
