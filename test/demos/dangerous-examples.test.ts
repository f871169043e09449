/** Runs every example that harms its worker verbatim, and waits until the service has recovered. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, test } from '@jest/globals';
import { checkExample } from '../contract/check-example.ts';
import { Curl, printedExamples } from '../support/curl.ts';
import { Program, until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();
const program = await Program.start({ OVERLOAD_MAX_DELAY_MS: '0' });
const curl = new Curl(program.url);
afterAll(async () => {
  curl[Symbol.dispose]();
  await program[Symbol.asyncDispose]();
});

// Those that block the event loop come last: as long as they do, they use a CPU that others need.
const examples = printedExamples(service.features)
  .filter(({ route }) => route.meta?.danger === true)
  .sort((a, b) => Number(a.route.path === '/block') - Number(b.route.path === '/block'))
  .map((printed): [string, typeof printed] => [printed.command, printed]);

describe('the service recovers from the dangerous example', () => {
  test.each(examples)('%s', async (_command, printed) => {
    await program.readyWorkers(2);
    await checkExample(curl, printed);
    await sleep(500); // what the response announces happens after it
    await program.readyWorkers(2);
    // With curl: a connection that fetch() keeps would be reset when its worker dies.
    await until('a ready worker', async () => {
      const { status } = await curl.run('curl -s localhost:3000/readyz');
      return status === 200 ? true : undefined;
    });
  });
});
