import cluster from 'node:cluster';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { readConfig } from '../../src/config.ts';
import { Supervisor } from '../../src/cluster/supervisor.ts';
import { root } from '../support/program.ts';

let forked = 0;
const count = () => (forked += 1);
beforeAll(() => {
  cluster.setupPrimary({ exec: `${root}test/cluster/late-program.ts`, execArgv: [] });
  cluster.on('fork', count);
});
afterAll(() => {
  cluster.off('fork', count);
  for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGKILL');
});

test('a stop while the first worker starts forks no other, for nobody would wait for its end', async () => {
  const config = readConfig({ WORKERS: '3' });
  const supervisor = new Supervisor({
    config,
    log: pino({ enabled: false }),
    readConfig: () => config,
    onGone: () => undefined,
    managementAddress: () => '',
    onGiveUp: () => undefined,
  });
  const started = supervisor.start();
  await supervisor.stop('this test');
  expect(await started).toBeUndefined();
  expect(forked).toBe(1);
});
