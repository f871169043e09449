/** Runs every example verbatim, with a shell and curl, against the real program. */
import { afterAll, describe, test } from '@jest/globals';
import { Curl, printedExamples } from '../support/curl.ts';
import { Program } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';
import { checkExample } from './check-example.ts';

const service = await useTestApp();

// Here, because Jest starts concurrent tests before any beforeAll().
const program = await Program.start();
const curl = new Curl(program.url);
afterAll(async () => {
  curl[Symbol.dispose]();
  await program[Symbol.asyncDispose]();
});

describe('the example responds as its route declares', () => {
  const examples = printedExamples(service.features)
    .filter(({ feature }) => !feature.base.startsWith('/demos')) // template: omit (test/demos has a test of these)
    .map((printed): [string, typeof printed] => [printed.command, printed]);
  const check = (_command: string, printed: (typeof examples)[number][1]) => checkExample(curl, printed);
  // A few at a time: many of them wait, for each other too, and no figure is checked.
  if (examples.length > 0) test.concurrent.each(examples)('%s', check);
  else test.todo('there are no examples yet'); // Jest rejects a group without tests
});
