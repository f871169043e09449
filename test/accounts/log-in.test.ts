import { describe, expect, test } from '@jest/globals';
import { cookiesOf, createAccountsApp, logIn, PASSWORD, signUp, useAccountsApp } from './accounts-app.ts';

const service = await useAccountsApp({ LOG_IN_MAX_FAILURES: '3' });
const { client } = service;
const sql = service.resources.database;

describe('a log-in', () => {
  test('fails in the same way for an unknown name and for a wrong password', async () => {
    await signUp(service, 'known').expect(201);
    const wrong = await logIn(service, 'known', 'another password').expect(403);
    const unknown = await logIn(service, 'unknown', 'another password').expect(403);
    const shown = ({ body }: typeof wrong) => ({ ...(body as object), requestId: '' });
    expect(shown(wrong)).toEqual(shown(unknown));
    const names = ({ headers }: typeof wrong) => Object.keys(headers).sort();
    expect(names(wrong)).toEqual(names(unknown));
    expect(wrong.body).toMatchObject({ code: 'wrong-credentials' });
  });

  test.each([
    ['in capitals', 'STRASSE', 'strasse'],
    ['of wide letters', 'ｗｉｄｅ', 'wide'],
    ['composed in another way', 'rene\u0301e', 'ren\u00e9e'],
    ['with a ligature', 'ﬁona', 'fiona'],
  ])('finds a name %s', async (_how, typed, name) => {
    const created = await signUp(service, name).expect(201);
    const response = await logIn(service, typed).expect(201);
    expect(response.body).toMatchObject({ name, accountId: (created.body as { id: string }).id });
    await signUp(service, typed).expect(409);
  });

  test.each(['a\0b', 'a\u200bb', 'a b', 'a\u202eb', '', 'x'.repeat(65), 'ﷺ'.repeat(10)])(
    'rejects the name %j',
    async (name) => {
      await signUp(service, name).expect(400);
      await logIn(service, name).expect(400);
    },
  );

  test('compares the whole password, also after a NUL byte', async () => {
    await signUp(service, 'nul', 'a long secret\0one').expect(201);
    await logIn(service, 'nul', 'a long secret\0two').expect(403);
    await logIn(service, 'nul', 'a long secret').expect(403);
    await logIn(service, 'nul', 'a long secret\0one').expect(201);
  });

  test('accepts a password that another keyboard composes', async () => {
    await signUp(service, 'keyboard', 'cafe\u0301 au lait noir').expect(201);
    await logIn(service, 'keyboard', 'caf\u00e9 au lait noir').expect(201);
  });

  test('rejects a password of 1 MB before it is hashed', async () => {
    await logIn(service, 'long', 'x'.repeat(1_000_000)).expect(413);
    await logIn(service, 'long', 'x'.repeat(50_000)).expect(400);
    await signUp(service, 'long', 'x'.repeat(257)).expect(400);
    await signUp(service, 'short', 'x'.repeat(11)).expect(400);
  });

  test('never logs a password', async () => {
    await signUp(service, 'logged', 'a planted password').expect(201);
    await logIn(service, 'logged', 'a planted password').expect(201);
    await logIn(service, 'a planted password', 'x').expect(400);
    expect(JSON.stringify(service.logged)).not.toContain('planted');
  });
});

describe('the limit of an account', () => {
  const exhaust = async (name: string) => {
    for (let attempt = 1; attempt <= 3; attempt += 1) await logIn(service, name, 'a guess').expect(403);
  };

  test('rejects more guesses with 429 and Retry-After, also for an unknown name', async () => {
    await signUp(service, 'guessed').expect(201);
    for (const name of ['guessed', 'never-created']) {
      await exhaust(name);
      const response = await logIn(service, name.toUpperCase(), 'a guess').expect(429);
      const seconds = Number(response.headers['retry-after']);
      expect(seconds).toBeGreaterThan(890);
      expect(seconds).toBeLessThanOrEqual(900);
    }
    await logIn(service, 'guessed').expect(429);
  });

  test('counts guesses that arrive at once', async () => {
    const responses = await Promise.all(
      Array.from({ length: 12 }, () => logIn(service, 'at-once', 'a guess')),
    );
    expect(responses.filter(({ status }) => status === 403)).toHaveLength(3);
    expect(responses.filter(({ status }) => status === 429)).toHaveLength(9);
  });

  test('does not lock out a browser that has logged in before', async () => {
    await signUp(service, 'locked').expect(201);
    const browser = cookiesOf(await logIn(service, 'locked').expect(201));
    await exhaust('locked');
    await logIn(service, 'locked').expect(429);
    await logIn(service, 'locked', PASSWORD, browser).expect(201);
    // Such a browser does not guess for ever.
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      await logIn(service, 'locked', 'a guess', browser).expect(403);
    }
    await logIn(service, 'locked', PASSWORD, browser).expect(429);
  });

  test('counts the browser of another account, of which an attacker can create many', async () => {
    await signUp(service, 'attacker').expect(201);
    const browser = cookiesOf(await logIn(service, 'attacker').expect(201));
    await signUp(service, 'victim').expect(201);
    await exhaust('victim');
    await logIn(service, 'victim', 'a guess', browser).expect(429);
  });

  test('does not count log-ins that succeed', async () => {
    await signUp(service, 'often').expect(201);
    for (let attempt = 1; attempt <= 5; attempt += 1) await logIn(service, 'often').expect(201);
  });
});

test('log-ins are limited by address, whatever the names', async () => {
  await using limited = await createAccountsApp({ LOG_IN_MAX_PER_ADDRESS: '3', TRUST_PROXY: 'loopback' });
  const from = (address: string, name: string) =>
    logIn(limited, name, 'a guess').set('X-Forwarded-For', address);
  for (const name of ['a', 'b', 'c']) await from('192.0.2.1', name).expect(403);
  const response = await from('192.0.2.1', 'd').expect(429);
  expect(response.headers['retry-after']).toMatch(/^\d+$/);
  await from('192.0.2.2', 'd').expect(403);
});

test('a password is hashed again at a log-in when the cost has grown', async () => {
  await signUp(service, 'grown').expect(201);
  const stored = async () => {
    const { rows } = await sql.query<{ password_hash: string }>(
      `select password_hash from accounts where name = 'grown'`,
    );
    return rows[0]?.password_hash ?? '';
  };
  const cheap = '$scrypt$ln=4,r=8,p=1$c2FsdHNhbHRzYWx0c2FsdA$';
  const { scryptSync } = await import('node:crypto');
  const key = scryptSync(PASSWORD, 'saltsaltsaltsalt', 32, { N: 16, r: 8, p: 1 });
  await sql.query(`update accounts set password_hash = $1 where name = 'grown'`, [
    cheap + key.toString('base64').replace(/=+$/, ''),
  ]);
  await logIn(service, 'grown', 'a guess').expect(403);
  expect(await stored()).toContain('ln=4,');
  await logIn(service, 'grown').expect(201);
  const renewed = await stored();
  expect(renewed).toMatch(/^\$scrypt\$ln=8,r=8,p=5\$[\w+/]{22}\$[\w+/]{43}$/);
  await logIn(service, 'grown').expect(201);
  expect(await stored()).toBe(renewed);
});

test('without sign-up, only callers with the scope create accounts', async () => {
  await using closed = await createAccountsApp({ ACCOUNTS: 'on' });
  await signUp(closed, 'ada').expect(401);
  await client.get('/account').expect(401).expect('WWW-Authenticate', 'Bearer');
});
