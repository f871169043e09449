/** Runs every example of the demos that harms no worker verbatim, with a shell and curl, against the real program. */
import { afterAll, describe, test } from '@jest/globals';
import { checkExample } from '../contract/check-example.ts';
import { Curl, printedExamples } from '../support/curl.ts';
import { Program } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

// Here, because Jest starts concurrent tests before any beforeAll().
// Some examples block the event loop on purpose: the next one must not be shed for it.
const program = await Program.start({ OVERLOAD_MAX_DELAY_MS: '0' });
const curl = new Curl(program.url);
afterAll(async () => {
  curl[Symbol.dispose]();
  await program[Symbol.asyncDispose]();
});

const examples = printedExamples(service.features)
  .filter(({ feature, route }) => feature.base.startsWith('/demos') && route.meta?.danger === undefined)
  .map((printed): [string, typeof printed] => [printed.command, printed]);

describe('the example responds as its route declares', () => {
  // A few at a time: many of them wait, for each other too, and no figure is checked.
  test.concurrent.each(examples)('%s', (_command, printed) => checkExample(curl, printed));
});
