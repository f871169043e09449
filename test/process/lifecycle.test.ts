import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Lifecycle } from '../../src/process/lifecycle.ts';

const request = { reason: 'this test', exitCode: 7, keepListening: false };

test('a stop runs once, task after task, also where one fails or overruns, and ends with its first exit code', async () => {
  const done: unknown[] = [];
  const log = pino({ enabled: false });
  const lifecycle = new Lifecycle({ log, timeoutMs: 10, exit: (code) => done.push(code) });
  lifecycle.ready();
  lifecycle.onStop('says where it is', () => void done.push(lifecycle.state, lifecycle.draining.aborted));
  lifecycle.onStop('fails', () => Promise.reject(new Error('on purpose')));
  lifecycle.onStop('overruns', () => new Promise(() => undefined));
  lifecycle.onStop('is the last', () => void done.push('last'));
  await Promise.all([lifecycle.stop(request), lifecycle.stop({ ...request, exitCode: 8 })]);
  expect(done).toEqual(['draining', true, 'last', 7]);
});
