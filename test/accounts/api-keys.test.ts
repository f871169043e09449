import { describe, expect, jest, test } from '@jest/globals';
import { formatApiKey, parseApiKey } from '../../src/accounts/api-key.ts';
import { cookiesOf, logIn, signUp, useAccountsApp } from './accounts-app.ts';

const service = await useAccountsApp();
const { client } = service;
const sql = service.resources.database;

interface Created {
  readonly id: string;
  readonly key: string;
  readonly prefix: string;
}

const enter = async (name: string) => {
  await signUp(service, name).expect(201);
  return cookiesOf(await logIn(service, name).expect(201));
};
const create = (cookie: string, body: object = {}) =>
  client
    .post('/account/keys')
    .set('Cookie', cookie)
    .send({ name: 'a script', scopes: ['notes:read'], ...body });
const createKey = async (cookie: string, body?: object) =>
  (await create(cookie, body).expect(201)).body as Created;
const withKey = (key: string) => client.get('/notes').auth(key, { type: 'bearer' });
const list = async (cookie: string) =>
  ((await client.get('/account/keys').set('Cookie', cookie).expect(200)).body as { items: object[] }).items;

const ada = await enter('ada');
const grace = await enter('grace');

describe('an API key', () => {
  test('acts for its owner, within its scopes', async () => {
    const { key } = await createKey(ada, { name: 'acts' });
    const me = await client.get('/notes').set('Cookie', ada).expect(200);
    expect((await withKey(key).expect(200)).body).toEqual(me.body);
    const response = await client.post('/notes').auth(key, { type: 'bearer' }).expect(403);
    expect(response.headers['www-authenticate']).toBe(
      'Bearer error="insufficient_scope", scope="notes:write"',
    );
  });

  test('is shown once, and stored as a hash', async () => {
    const created = await create(ada, { name: 'shown' }).expect(201).expect('Cache-Control', 'no-store');
    const { id, key, prefix } = created.body as Created;
    expect(key).toMatch(/^apikey_[0-9a-f]{16}_[0-9a-f]{64}_[0-9a-f]{8}$/);
    expect(key.startsWith(prefix)).toBe(true);
    const secret = key.split('_')[2] ?? '';
    const { rows } = await sql.query('select k::text as text from api_keys k');
    expect(JSON.stringify([rows, await list(ada), service.logged])).not.toContain(secret);
    expect(await list(ada)).toContainEqual(expect.objectContaining({ id, prefix, name: 'shown' }));
  });

  test('cannot have a scope that its owner lacks, nor create keys itself', async () => {
    await create(ada, { name: 'more', scopes: ['notes:read', 'accounts'] }).expect(403);
    const { key } = await createKey(ada, { name: 'keys', scopes: ['keys'] });
    await client.get('/account').auth(key, { type: 'bearer' }).expect(200);
    await client.get('/account/keys').auth(key, { type: 'bearer' }).expect(401);
  });

  test('is one per name, so that a retry creates no second one', async () => {
    const { id } = await createKey(ada, { name: 'once' });
    await create(ada, { name: 'once' }).expect(409);
    await createKey(grace, { name: 'once' });
    await client.delete(`/account/keys/${id}`).set('Cookie', ada).expect(204);
    await createKey(ada, { name: 'once' });
  });

  test('is rejected at once when it has been revoked, and can be revoked again', async () => {
    const { id, key } = await createKey(ada, { name: 'revoked' });
    await withKey(key).expect(200);
    const revoke = () => client.delete(`/account/keys/${id}`).set('Cookie', ada);
    await revoke().expect(204);
    expect((await withKey(key).expect(401)).body).toMatchObject({ detail: 'The key has been revoked.' });
    await revoke().expect(204);
  });

  test('of another caller is not found, and stays valid', async () => {
    const { id, key } = await createKey(ada, { name: 'mine' });
    const foreign = await client.delete(`/account/keys/${id}`).set('Cookie', grace).expect(404);
    const unknown = await client.delete('/account/keys/0123456789abcdef').set('Cookie', grace).expect(404);
    expect(Object.keys(foreign.body as object)).toEqual(Object.keys(unknown.body as object));
    expect(await list(grace)).not.toContainEqual(expect.objectContaining({ id }));
    await withKey(key).expect(200);
  });

  test('is rejected when it has expired', async () => {
    const { id, key } = await createKey(ada, { name: 'expired', expiresInDays: 1 });
    await sql.query('update api_keys set expires_at = now() where id = $1', [id]);
    expect((await withKey(key).expect(401)).body).toMatchObject({ detail: 'The key has expired.' });
    await createKey(ada, { name: 'expired' }); // its name is free again
  });

  test('with a typo, cut off, or with another secret is rejected', async () => {
    const { key } = await createKey(ada, { name: 'typo' });
    const parsed = parseApiKey(key);
    const flip = (text: string, at: number) =>
      text.slice(0, at) + (text[at] === '0' ? '1' : '0') + text.slice(at + 1);
    const query = jest.spyOn(sql, 'query');
    for (const text of [flip(key, 30), flip(key, key.length - 1), key.slice(0, -1), `${key}0`]) {
      expect((await withKey(text).expect(401)).body).toMatchObject({
        detail: 'The key is incomplete or has a typo.',
      });
    }
    expect(query).not.toHaveBeenCalled();
    query.mockRestore();
    const guessed = formatApiKey({ id: parsed?.id ?? '', secret: flip(parsed?.secret ?? '', 5) });
    const response = await withKey(guessed).expect(401);
    expect(response.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token"/);
    await withKey(formatApiKey({ id: 'f'.repeat(16), secret: parsed?.secret ?? '' })).expect(401);
  });

  test.each(['api_key', 'key', 'access_token'])('is not read from the query parameter %s', async (name) => {
    const { key } = await createKey(ada, { name: `query ${name}` });
    await client.get(`/notes?${name}=${key}`).expect(401);
    await withKey(key)
      .query({ [name]: key })
      .expect(400);
    await client.get('/notes').set('X-Api-Key', key).set('Cookie', `key=${key}`).expect(401);
    expect(JSON.stringify(service.logged)).not.toContain(key);
  });

  test('shows when it was last used, with one write per hour at most', async () => {
    const { id, key } = await createKey(grace, { name: 'used' });
    const usedAt = async () =>
      ((await list(grace)) as { id: string; usedAt?: string }[]).find((one) => one.id === id)?.usedAt;
    expect(await usedAt()).toBeUndefined();
    await withKey(key).expect(200);
    const first = await usedAt();
    expect(first).toBeDefined();
    const query = jest.spyOn(sql, 'query');
    await withKey(key).expect(200);
    expect(query).toHaveBeenCalledTimes(1);
    query.mockRestore();
    expect(await usedAt()).toBe(first);
    await sql.query(`update api_keys set used_at = now() - interval '2 hours' where id = $1`, [id]);
    await withKey(key).expect(200);
    expect(await usedAt()).not.toBe(first);
  });

  test('is one of a bounded number, and is removed when it is over', async () => {
    const cookie = await enter('many');
    await createKey(cookie, { name: '0' });
    await sql.query(`
      insert into api_keys (id, secret_hash, owner, name, scopes, expires_at)
      select 'many' || n, '', owner, n, scopes, expires_at from api_keys, generate_series(1, 19) as n
      where name = '0'`);
    await create(cookie, { name: '20' }).expect(409);
    await sql.query(`update api_keys set revoked_at = now() - interval '31 days' where name = '19'`);
    expect(await service.resources.accounts.keys?.removeOld()).toBe(1);
    await createKey(cookie, { name: '20' });
  });
});

test('the API describes each way to prove who calls', async () => {
  const response = await client.get('/openapi.json').expect(200);
  const { components, paths } = response.body as {
    components: { securitySchemes: object };
    paths: Record<string, Record<string, { security?: unknown }>>;
  };
  expect(components.securitySchemes).toMatchObject({
    apiKey: { type: 'http', scheme: 'bearer', bearerFormat: 'apikey_<id>_<secret>_<checksum>' },
    session: { type: 'apiKey', in: 'cookie', name: '__Host-session' },
  });
  expect(paths['/notes']?.['get']?.security).toEqual([
    { apiKey: ['notes:read'] },
    { session: ['notes:read'] },
  ]);
  expect(paths['/account/keys']?.['get']?.security).toEqual([{ session: ['keys'] }]);
  expect(paths['/account/session']?.['post']?.security).toBeUndefined();
});
