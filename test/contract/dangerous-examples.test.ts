/** Runs every example that harms its worker as it is printed, and waits for the service to be whole again. */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, test } from '@jest/globals';
import { checkExample } from './check-example.ts';
import { createTestApp } from '../support/app.ts';
import { Curl, printedExamples } from '../support/curl.ts';
import { Program, until } from '../support/program.ts';

await using service = await createTestApp();
// Those that hold the event loop come last: as long as they do, they take a core from whatever follows.
const dangerous = printedExamples(service.features)
  .filter(({ route }) => route.danger === true)
  .sort((a, b) => Number(a.route.path === '/block') - Number(b.route.path === '/block'));

let program: Program;
let curl: Curl;
beforeAll(async () => {
  program = await Program.start({ OVERLOAD_MAX_DELAY_MS: '0' });
  curl = new Curl(program.url);
});
afterAll(async () => {
  curl[Symbol.dispose]();
  await program[Symbol.asyncDispose]();
});

describe('after each dangerous example the service is whole again', () => {
  test.each(dangerous.map((entry): [string, typeof entry] => [entry.line, entry]))(
    '%s',
    async (_line, entry) => {
      await program.readyWorkers(2);
      await checkExample(curl, entry);
      await sleep(500); // what was announced happens after the answer
      await program.readyWorkers(2);
      // By curl: a connection that fetch() keeps would be reset with its worker, and nobody would hear of it.
      await until('an answer', async () => {
        const { status } = await curl.run('curl -s localhost:3000/readyz');
        return status === 200 ? true : undefined;
      });
    },
  );
});
