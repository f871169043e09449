/** What requests leave behind: nothing. */
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestApp } from '../support/app.ts';
import { Curl, printedExamples } from '../support/curl.ts';
import { heldBytes, settle, startForLooking } from '../support/held.ts';
import type { Program } from '../support/program.ts';

await using service = await createTestApp();
const lines = printedExamples(service.features)
  .filter(({ route }) => route.danger === undefined) // not in a copy
  .map(({ line }) => line);

let program: Program;
beforeAll(async () => {
  program = await startForLooking();
});
afterAll(async () => {
  await program[Symbol.asyncDispose]();
});

async function runAll(): Promise<void> {
  using curl = new Curl(program.url);
  for (const line of lines) await curl.run(line);
}

const onLinux = process.platform === 'linux' ? describe : describe.skip; // it reads /proc

onLinux('leaves nothing behind', () => {
  test('all examples, one after the other: descriptors, threads, children and memory are as before', async () => {
    await runAll(); // what is made once and kept is made now
    const before = await settle(program);
    const bytesBefore = await heldBytes(program);
    await runAll();
    const after = await settle(program);
    const bytesAfter = await heldBytes(program);
    expect(after).toEqual(before);
    expect(bytesAfter).toBeLessThan(bytesBefore * 1.1);
  }, 900_000);
});
