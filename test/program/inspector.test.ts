/** The service runs with the options of the image, and no process of it can be debugged by sending it a signal. */
import { readFileSync } from 'node:fs';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { Program, root } from '../support/program.ts';

/** The options of Node.js in the image. Workers inherit them from NODE_OPTIONS, too. */
const [, flags = ''] =
  /^CMD \["node", (.*)"src\/main\.ts"\]$/m.exec(readFileSync(`${root}Dockerfile`, 'utf8')) ?? [];
const imageOptions = [...flags.matchAll(/"([^"]+)"/g)].map(([, flag]) => flag).join(' ');

test('the image sets the options that harden Node.js', () => {
  expect(imageOptions).toBe('--disable-sigusr1 --disable-proto=delete');
});

test.each([
  ['opens an inspector without options', '', true],
  ['opens none with the options of the image, and ends no process', imageOptions, false],
])('SIGUSR1 %s', async (_case, NODE_OPTIONS, opens) => {
  await using program = await Program.start({ NODE_OPTIONS, WORKERS: '1' });
  const [worker] = await program.workers();
  for (const pid of [worker?.pid ?? 0, program.pid]) process.kill(pid, 'SIGUSR1');
  await sleep(1_000); // nothing tells when a signal has had no effect

  expect(/inspector|Debugger listening/.test(program.errors)).toBe(opens);
  expect((await program.workers()).map(({ pid }) => pid)).toEqual([worker?.pid]);
  expect((await program.get('/openapi.json')).status).toBe(200);
});
