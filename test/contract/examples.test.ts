/** Runs every example of the manifest as it is printed, with a shell and curl, against the real program. */
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { createTestApp } from '../support/app.ts';
import { Curl, printedExamples } from '../support/curl.ts';
import { Program } from '../support/program.ts';
import { checkExample } from './check-example.ts';

await using service = await createTestApp();
const examples = printedExamples(service.features);

let program: Program;
let curl: Curl;
beforeAll(async () => {
  program = await Program.start({
    // Some examples hold the event loop on purpose: the next one must not be shed for that. // not in a copy
    OVERLOAD_MAX_DELAY_MS: '0', // not in a copy
  });
  curl = new Curl(program.url);
});
afterAll(async () => {
  curl[Symbol.dispose]();
  await program[Symbol.asyncDispose]();
});

describe('every example runs as printed and gives what its route declares', () => {
  const lines = examples
    .filter(({ route }) => route.danger === undefined) // not in a copy
    .map((entry): [string, typeof entry] => [entry.line, entry]);
  test.each(lines)('%s', (_line, entry) => checkExample(curl, entry));
});
