import { describe, expect, test } from '@jest/globals';
import { SignJWT } from 'jose';
import { z } from 'zod';
import { LocalIssuer } from '../../src/identity/local-issuer.ts';
import { requireToken } from '../../src/identity/require-token.ts';
import { createTokenVerifier } from '../../src/identity/token-verifier.ts';
import type { Feature } from '../../src/routes/feature.ts';
import { defineRoute } from '../../src/routes/route.ts';
import { createTestApp } from '../support/app.ts';

const AUDIENCE = 'the-service';
const valid = { sub: 'ada', aud: AUDIENCE, scope: 'read write' };

/** A service with one guarded route. */
async function startService(issuer: LocalIssuer, refetchAfterMs?: number) {
  const verify = createTokenVerifier({
    issuer: issuer.url,
    audience: AUDIENCE,
    jwksUrl: issuer.jwksUrl,
    ...(refetchAfterMs === undefined ? {} : { refetchAfterMs }),
  });
  const whoAmI = defineRoute({
    method: 'get',
    path: '',
    title: 'Who am I',
    summary: 'Returns the caller.',
    guard: requireToken(verify, 'read'),
    response: z.strictObject({ id: z.string() }),
    examples: [{ title: 'Without a token', status: 401 }],
    handler: ({ caller }) => ({ id: caller.id }),
  });
  const feature: Feature = {
    id: 'me',
    base: '/me',
    title: 'Me',
    summary: 'For these tests.',
    guard: 'public',
    routes: [whoAmI],
  };
  const service = await createTestApp({ features: [feature] });
  const get = (token?: string) => {
    const request = service.client.get('/me');
    return token === undefined ? request : request.auth(token, { type: 'bearer' });
  };
  return { get, service };
}

test('a valid token identifies the caller', async () => {
  await using issuer = await LocalIssuer.start();
  const { get } = await startService(issuer);
  await get(await issuer.sign(valid)).expect(200, { id: 'ada' });
  await get(await issuer.sign({ ...valid, aud: ['another', AUDIENCE] })).expect(200);
  await get().expect(401).expect('WWW-Authenticate', 'Bearer');
});

test.each(['ES256', 'EdDSA', 'RS256', 'PS256'])('a key may be of the algorithm %s', async (algorithm) => {
  await using issuer = await LocalIssuer.start({ algorithm });
  const { get } = await startService(issuer);
  await get(await issuer.sign(valid)).expect(200);
});

describe('no token is accepted', () => {
  const now = Math.floor(Date.now() / 1_000);
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  type Forge = (issuer: LocalIssuer) => Promise<string> | string;
  const forged: readonly (readonly [string, Forge, string])[] = [
    ['that has expired', (issuer) => issuer.sign({ ...valid, exp: now - 60 }), 'expired'],
    ['that never expires', (issuer) => issuer.sign({ ...valid, exp: undefined as never }), 'exp'],
    ['that is not valid yet', (issuer) => issuer.sign({ ...valid, nbf: now + 60 }), 'nbf'],
    ['of another issuer', (issuer) => issuer.sign({ ...valid, iss: 'http://127.0.0.1' }), 'iss'],
    ['for another service', (issuer) => issuer.sign({ ...valid, aud: 'another' }), 'aud'],
    ['without a subject', (issuer) => issuer.sign({ aud: AUDIENCE }), 'sub'],
    ['with an empty subject', (issuer) => issuer.sign({ ...valid, sub: '' }), 'sub'],
    [
      'that is signed with another key',
      async (issuer) => issuer.sign(valid, { ...(await issuer.createKey()), kid: issuer.key.kid }),
      'signature',
    ],
    [
      'that is signed with an unknown key',
      async (issuer) => issuer.sign(valid, await issuer.createKey()),
      'no such key',
    ],
    [
      'of which a claim was changed',
      async (issuer) => {
        const [head, payload = '', signature] = (await issuer.sign(valid)).split('.');
        const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as object;
        return `${head}.${encode({ ...claims, sub: 'admin' })}.${signature}`;
      },
      'signature',
    ],
    [
      'that says it is not signed',
      ({ url }) => `${encode({ alg: 'none' })}.${encode({ ...valid, iss: url, exp: now + 300 })}.`,
      'algorithm|malformed',
    ],
    [
      'that is signed with the public key as a secret',
      ({ url, key }) =>
        new SignJWT({ ...valid, iss: url, exp: now + 300 })
          .setProtectedHeader({ alg: 'HS256', kid: key.kid })
          .sign(Buffer.from(JSON.stringify(key.jwk))),
      'algorithm',
    ],
    ['that is none', () => 'no-head.no-payload.no-signature', 'malformed'],
  ];

  test.each(forged)('%s', async (_kind, forge, reason) => {
    await using issuer = await LocalIssuer.start();
    const { get, service } = await startService(issuer);
    await get(await issuer.sign(valid)).expect(200);
    const token = await forge(issuer);
    const response = await get(token).expect(401);
    expect(response.headers['www-authenticate']).toMatch(/^Bearer error="invalid_token"/);
    expect((response.body as { detail: string }).detail).toMatch(new RegExp(reason));
    expect(JSON.stringify(service.logged)).not.toContain(token.split('.')[1]);
  });

  test('without the scope of the route', async () => {
    await using issuer = await LocalIssuer.start();
    const { get } = await startService(issuer);
    const { headers } = await get(await issuer.sign({ ...valid, scope: 'write reads' })).expect(403);
    expect(headers['www-authenticate']).toBe('Bearer error="insufficient_scope", scope="read"');
  });
});

describe('the keys of the issuer', () => {
  test('are read again for a token with a new one', async () => {
    await using issuer = await LocalIssuer.start();
    const { get } = await startService(issuer, 0);
    const before = await issuer.sign(valid);
    await get(before).expect(200);
    await get(before).expect(200);
    expect(issuer.requests).toBe(1);
    await issuer.rotate();
    await get(await issuer.sign(valid)).expect(200);
    await get(before).expect(200);
    expect(issuer.requests).toBe(2);
  });

  test('are not read again for each forged token', async () => {
    await using issuer = await LocalIssuer.start();
    const { get } = await startService(issuer);
    await get(await issuer.sign(valid)).expect(200);
    for (let n = 0; n < 10; n += 1) await get(await issuer.sign(valid, await issuer.createKey())).expect(401);
    expect(issuer.requests).toBe(1);
  });

  test('that cannot be read are a failure of the service, not of the caller', async () => {
    await using issuer = await LocalIssuer.start();
    const { get } = await startService(issuer);
    issuer.status = 500;
    const token = await issuer.sign(valid);
    const response = await get(token).expect(503).expect('Retry-After', '1');
    expect(response.body).toMatchObject({ code: 'identity-unavailable' });
    issuer.status = 200;
    await get(token).expect(200);
  });
});
