/** Runs every example of the manifest as it is printed, with a shell and curl, against the real program. */
import { afterAll, describe, test } from '@jest/globals';
import { createTestApp } from '../support/app.ts';
import { Curl, printedExamples } from '../support/curl.ts';
import { Program } from '../support/program.ts';
import { checkExample } from './check-example.ts';

await using service = await createTestApp();
const examples = printedExamples(service.features);

// Tests that run at the same time begin before any beforeAll().
const program = await Program.start({
  // Some examples hold the event loop on purpose: the next one must not be shed for that. // not in a copy
  OVERLOAD_MAX_DELAY_MS: '0', // not in a copy
});
const curl = new Curl(program.url);
afterAll(async () => {
  curl[Symbol.dispose]();
  await program[Symbol.asyncDispose]();
});

describe('every example runs as printed and gives what its route declares', () => {
  const lines = examples
    .filter(({ route }) => route.danger === undefined) // not in a copy
    .map((entry): [string, typeof entry] => [entry.line, entry]);
  // A few at a time: many of them wait for something, each other's work included, and none is judged by its figures.
  if (lines.length > 0) test.concurrent.each(lines)('%s', (_line, entry) => checkExample(curl, entry));
  else test.todo('there is none yet'); // Jest takes a group without a test for a mistake
});
