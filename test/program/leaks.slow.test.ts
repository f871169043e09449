import process from 'node:process';
import { expect, test } from '@jest/globals';
import { Curl, printedExamples } from '../support/curl.ts';
import { growth, MeasuredProgram } from '../support/resource-usage.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();
const commands = printedExamples(service.features)
  .filter(({ route }) => route.meta?.danger === undefined) // template: omit
  .map(({ command }) => command);

const onLinux = process.platform === 'linux' ? test : test.skip; // needs /proc

onLinux(
  'running all examples a second time leaks no descriptors, threads, children or memory',
  async () => {
    await using measured = await MeasuredProgram.start();
    const runAll = async () => {
      using curl = new Curl(measured.program.url);
      for (const command of commands) await curl.run(command);
    };
    await runAll(); // creates what is created once and kept
    const before = await measured.settledUsage();
    const bytesBefore = await measured.bytesInUse();
    await runAll();
    const after = await measured.settledUsage();
    const bytesAfter = await measured.bytesInUse();
    expect(growth(before, after)).toEqual([]);
    expect(bytesAfter).toBeLessThan(bytesBefore * 1.1);
  },
  900_000,
);
