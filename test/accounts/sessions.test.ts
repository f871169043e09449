import { afterAll, describe, expect, test } from '@jest/globals';
import { createTestDatabase } from '../support/database.ts';
import { cookiesOf, createAccountsApp, logIn, PASSWORD, signUp, useAccountsApp } from './accounts-app.ts';

const database = await createTestDatabase();
const env = { DATABASE_URL: database.url };
const service = await useAccountsApp(env);
/** Another machine with the same database. */
const other = await useAccountsApp(env);
afterAll(async () => database[Symbol.asyncDispose]()); // after the apps, whose hooks were added before
const { client } = service;
const sql = service.resources.database;

const notes = (cookie: string, app = service) => app.client.get('/notes').set('Cookie', cookie);
const sessionOf = (cookies: string) => /__Host-session=[\w-]+/.exec(cookies)?.[0] ?? '';
const enter = async (name: string) => {
  await signUp(service, name).expect(201);
  return sessionOf(cookiesOf(await logIn(service, name).expect(201)));
};

describe('a session', () => {
  test('is a cookie that only this host gets, over HTTPS, and no script reads', async () => {
    await signUp(service, 'cookie').expect(201);
    const response = await logIn(service, 'cookie').expect(201).expect('Cache-Control', 'no-store');
    const [session, browser] = response.get('Set-Cookie') ?? [];
    expect(session).toMatch(/^__Host-session=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    expect(browser).toMatch(/^__Host-browser=[\w-]{43}; .* SameSite=Lax; Max-Age=31536000$/);
    const me = await notes(cookiesOf(response)).expect(200).expect('Cache-Control', 'private');
    expect(me.headers['vary']).toContain('Cookie');
    expect(me.body).toEqual({ owner: (response.body as { accountId: string }).accountId });
  });

  test('is not in the database as it is in the cookie', async () => {
    const value = (await enter('stored')).split('=')[1] ?? '';
    const { rows } = await sql.query('select s::text as text from sessions s');
    expect(JSON.stringify(rows)).not.toContain(value);
    expect(JSON.stringify(rows)).not.toContain(Buffer.from(value, 'base64url').toString('hex'));
  });

  test('gets a new id at log-in, and the one before ends (session fixation)', async () => {
    await signUp(service, 'fixed').expect(201);
    const planted = `__Host-session=${'A'.repeat(43)}`;
    const first = sessionOf(cookiesOf(await logIn(service, 'fixed', PASSWORD, planted).expect(201)));
    expect(first).not.toBe(planted);
    await notes(planted).expect(401);
    const second = sessionOf(cookiesOf(await logIn(service, 'fixed', PASSWORD, first).expect(201)));
    await notes(first).expect(401);
    await notes(second).expect(200);
  });

  test.each([
    ['changed', (id: string) => id.slice(0, -2) + (id.endsWith('AA') ? 'BB' : 'AA')],
    ['shortened', (id: string) => id.slice(0, -1)],
    ['sent twice', (id: string) => `${id}; __Host-session=${'A'.repeat(43)}`],
    ['without the prefix of its name', (id: string) => id.replace('__Host-', '')],
    ['with a NUL byte', (id: string) => `${id.slice(0, -3)}%00`],
  ])('is rejected if its cookie is %s', async (_how, tamper) => {
    const session = await enter(`tamper${Math.random()}`);
    await notes(tamper(session)).expect(401);
    await notes(session).expect(200);
  });

  test('has the scopes of its account, also if they change', async () => {
    const session = await enter('scoped');
    const write = () => client.post('/notes').set('Cookie', session);
    await write().expect(200);
    await sql.query(`update accounts set scopes = '{notes:read}' where name = 'scoped'`);
    const response = await write().expect(403);
    expect(response.body).toMatchObject({ detail: 'The account lacks: notes:write.' });
  });

  test('ends on every machine at log-out, and cannot be replayed', async () => {
    const session = await enter('replay');
    await notes(session, other).expect(200);
    const response = await client.delete('/account/session').set('Cookie', session).expect(204);
    expect(response.headers['set-cookie']).toEqual([
      expect.stringMatching(/^__Host-session=; .* Max-Age=0$/),
    ]);
    await notes(session, other).expect(401);
    await notes(session).expect(401);
    await client.delete('/account/session').set('Cookie', session).expect(204);
  });

  test('ends with all others of its account, and with none of another account', async () => {
    const first = await enter('everywhere');
    const second = sessionOf(cookiesOf(await logIn(other, 'everywhere').expect(201)));
    const stranger = await enter('stranger');
    await client.delete('/account/session?all=true').set('Cookie', first).expect(204);
    await notes(first, other).expect(401);
    await notes(second, other).expect(401);
    await notes(stranger, other).expect(200);
  });

  test('ends with all others when the password changes', async () => {
    const session = await enter('changed');
    const change = (password: string, newPassword = 'battery staple correct') =>
      client.put('/account/password').send({ name: 'changed', password, newPassword });
    await change('a wrong password').expect(403);
    await change(PASSWORD, 'short').expect(400);
    await notes(session, other).expect(200);
    await change(PASSWORD).expect(204);
    await notes(session, other).expect(401);
    await logIn(service, 'changed').expect(403);
    await logIn(service, 'changed', 'battery staple correct').expect(201);
  });

  test.each([
    ['was idle for too long', `seen_at = now() - interval '31 minutes'`],
    ['is too old, whatever it was used for', `expires_at = now() - interval '1 second'`],
  ])('has ended if it %s', async (_why, change) => {
    const session = await enter(`ended${Math.random()}`);
    await notes(session).expect(200);
    await sql.query(`update sessions set ${change}`);
    await notes(session).expect(401);
    await notes(session, other).expect(401);
  });

  test('stays while it is used, with one write per minute at most', async () => {
    const session = await enter('active');
    const writes = async () => {
      const { rows } = await sql.query<{ seen_at: Date }>(
        `select seen_at from sessions join accounts on accounts.id = account_id where name = 'active'`,
      );
      return rows[0]?.seen_at.getTime() ?? 0;
    };
    const begun = await writes();
    await notes(session).expect(200);
    expect(await writes()).toBe(begun);
    await sql.query(`update sessions set seen_at = now() - interval '29 minutes'`);
    await notes(session).expect(200);
    expect(await writes()).toBeGreaterThan(begun);
  });

  test('is not used by a page of another origin to change something', async () => {
    const session = await enter('forged');
    const forge = () => client.post('/notes').set('Cookie', session);
    await forge().set('Origin', 'https://evil.example').expect(403);
    await forge().set('Sec-Fetch-Site', 'same-site').expect(403);
    await logIn(service, 'forged').set('Sec-Fetch-Site', 'cross-site').expect(403);
    await client
      .delete('/account/session?all=true')
      .set({ Cookie: session, 'Sec-Fetch-Site': 'cross-site' })
      .expect(403);
    await forge().set('Sec-Fetch-Site', 'same-origin').expect(200);
  });
});

test('in production, sessions and passwords need HTTPS', async () => {
  await using production = await createAccountsApp({
    ...env,
    NODE_ENV: 'production',
    TRUST_PROXY: 'loopback',
    COOKIE_SECRET: 'a-secret-of-this-test-0123456789',
  });
  const https = { 'X-Forwarded-Proto': 'https' };
  await signUp(production, 'encrypted').expect(403);
  await signUp(production, 'encrypted').set(https).expect(201);
  const refused = await logIn(production, 'encrypted').expect(403);
  expect(refused.headers['set-cookie']).toBeUndefined();
  const session = sessionOf(cookiesOf(await logIn(production, 'encrypted').set(https).expect(201)));
  await notes(session, production).set(https).expect(200);
  await notes(session, production).expect(401);
});

test('ended sessions are removed by a job', async () => {
  await enter('removed');
  await sql.query(`update sessions set expires_at = now() - interval '1 second'`);
  expect(await service.resources.accounts.sessions?.removeEnded()).toBeGreaterThan(0);
  expect((await sql.query('select from sessions')).rowCount).toBe(0);
});
