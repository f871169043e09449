import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { Lifecycle } from '../../src/process/lifecycle.ts';

const request = { reason: 'this test', exitCode: 7, keepListening: false };

test('a shutdown runs once, runs every task even if one fails or overruns, and exits with the first exit code', async () => {
  const recorded: unknown[] = [];
  const log = pino({ enabled: false });
  const lifecycle = new Lifecycle({ log, timeoutMs: 10, exit: (code) => recorded.push(code) });
  lifecycle.ready();
  lifecycle.onStop('records the state', () => {
    recorded.push(lifecycle.state, lifecycle.draining.aborted);
  });
  lifecycle.onStop('fails', () => Promise.reject(new Error('on purpose')));
  lifecycle.onStop('overruns', () => new Promise(() => undefined));
  lifecycle.onStop('is the last', () => void recorded.push('last'));
  await Promise.all([lifecycle.stop(request), lifecycle.stop({ ...request, exitCode: 8 })]);
  expect(recorded).toEqual(['draining', true, 'last', 7]);
});
