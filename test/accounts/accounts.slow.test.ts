/** The running program: two workers, curl, and passwords at their full cost. */
import { afterAll, expect, test } from '@jest/globals';
import { checkExample } from '../contract/check-example.ts';
import { Curl, printedExamples } from '../support/curl.ts';
import { median } from '../../src/shared/statistics.ts';
import { Program } from '../support/program.ts';
import { useAccountsApp, PASSWORD } from './accounts-app.ts';

const { features } = await useAccountsApp();
const program = await Program.start({
  WORKERS: '2',
  ACCOUNTS: 'sign-up',
  ACCOUNT_SCOPES: 'keys',
  LOG_IN_MAX_FAILURES: '1000',
});
const curl = new Curl(program.url);
afterAll(async () => {
  curl[Symbol.dispose]();
  await program[Symbol.asyncDispose]();
});

const send = (method: string, path: string, { body, cookie = '' }: { body?: object; cookie?: string } = {}) =>
  program.get(path, {
    method,
    headers: { 'Content-Type': 'application/json', Connection: 'close', Cookie: cookie },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
const logIn = (name: string, password: string) =>
  send('POST', '/account/session', { body: { name, password } });

test('every example of the account responds as its route declares', async () => {
  const examples = printedExamples(features).filter(({ feature }) => feature.id === 'account');
  expect(examples.length).toBeGreaterThan(5);
  for (const printed of examples) await checkExample(curl, printed);
});

test('log-out of all sessions ends each on every worker at once', async () => {
  expect((await send('POST', '/account', { body: { name: 'grace', password: PASSWORD } })).status).toBe(201);
  const cookies: string[] = [];
  for (let session = 0; session < 3; session += 1) {
    const response = await logIn('grace', PASSWORD);
    expect(response.status).toBe(201);
    cookies.push(response.headers.getSetCookie()[0]?.split(';')[0] ?? '');
  }
  const statuses = async () =>
    Promise.all(
      Array.from({ length: 24 }, async (_, n) => {
        const response = await send('GET', '/account', { cookie: cookies[n % 3] ?? '' });
        return response.status;
      }),
    );
  expect(new Set(await statuses())).toEqual(new Set([200]));
  expect((await send('DELETE', '/account/session?all=true', { cookie: cookies[0] ?? '' })).status).toBe(204);
  expect(new Set(await statuses())).toEqual(new Set([401]));
});

test('a log-in takes as long for an unknown name as for a wrong password', async () => {
  expect((await send('POST', '/account', { body: { name: 'timed', password: PASSWORD } })).status).toBe(201);
  const known: number[] = [];
  const unknown: number[] = [];
  const time = async (name: string, durations: number[]) => {
    const startedAt = performance.now();
    expect((await logIn(name, 'a wrong password')).status).toBe(403);
    durations.push(performance.now() - startedAt);
  };
  for (let run = 0; run < 15; run += 1) {
    await time('timed', known);
    await time(`nothing-${run}`, unknown);
  }
  const ratio = median(unknown) / median(known);
  expect(ratio).toBeGreaterThan(0.7);
  expect(ratio).toBeLessThan(1.4);
}, 60_000);
