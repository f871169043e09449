import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { expect, test } from '@jest/globals';
import { measureCost } from '../../../../src/demos/kit/measure/cost.ts';

const burn = 'while (process.cpuUsage().user < 300_000);';

/** Only Linux reports the CPU time of children. */
const onLinux = existsSync('/proc/self/stat') ? test : test.skip;

onLinux('reports the CPU time of children separately from that of the process', () => {
  const endIdle = measureCost();
  const idle = endIdle();
  const endCost = measureCost();
  spawnSync(process.execPath, ['-e', burn]);
  const cost = endCost();

  expect(idle.childrenCpuMs).toBe(0);
  expect(cost.childrenCpuMs).toBeGreaterThanOrEqual(290); // the kernel counts in steps of 10 ms
  expect(cost.cpuMs).toBeLessThan(Number(cost.childrenCpuMs));
});
