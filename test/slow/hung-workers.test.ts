import process from 'node:process';
import { expect, test } from '@jest/globals';
import { startProbe } from '../support/probe.ts';
import { isAlive, until, type Program } from '../support/program.ts';

async function pidOf(program: Program): Promise<number> {
  return (await program.readyWorkers(1))[0]?.pid ?? 0;
}

test('a worker that hangs is killed and replaced, and one that hangs as it stops by itself is as well', async () => {
  const env = { WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '500', SHUTDOWN_TIMEOUT_MS: '1000' };
  await using program = await startProbe({ ...env, SHUTDOWN_SETTLE_MS: '900' });
  const first = await pidOf(program);
  process.kill(first, 'SIGSTOP');
  await program.logged('unresponsive', { workerPid: first });
  await program.logged('crashed', { workerPid: first, signal: 'SIGKILL' });
  await program.logged('replaced');
  const second = await pidOf(program);
  expect(second).not.toBe(first);
  await program.get('/probe/uncaught-exception', { method: 'POST' });
  await program.logged('stopping', { workerPid: second });
  process.kill(second, 'SIGSTOP');
  await program.logged('crashed', { workerPid: second, signal: 'SIGKILL' });
});

test('a worker that hangs does not outlive its primary for long', async () => {
  await using program = await startProbe({ WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '4000' });
  const worker = await pidOf(program);
  const hung = expect(program.get('/probe/blocking?ms=60000')).rejects.toThrow();
  await until('its silence', async () =>
    (await program.workers()).some(({ silentMs }) => silentMs > 1_500) ? true : undefined,
  );
  program.kill('SIGKILL');
  await until('its end', () => (isAlive(worker) ? undefined : true));
  await hung;
});

test('a stop ends also where a worker hangs', async () => {
  await using program = await startProbe({ WORKERS: '2', SHUTDOWN_TIMEOUT_MS: '1000' });
  const [hung, other] = await program.readyWorkers(2);
  process.kill(hung?.pid ?? 0, 'SIGSTOP');
  program.kill('SIGTERM');
  expect((await program.exited).code).toBe(0);
  expect([hung, other].filter((worker) => isAlive(worker?.pid ?? 0))).toEqual([]);
});
