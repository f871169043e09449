/** The keys of an issuer come through the outbound client of the service. */
import { expect, test } from '@jest/globals';
import { LocalIssuer } from '../../src/identity/local-issuer.ts';
import { createTokenVerifier } from '../../src/identity/token-verifier.ts';
import { openOutbound, serve } from '../outbound/service.ts';

const audience = 'the-service';

/** @returns the subject of a valid token, or the code of the problem and how the request for the keys failed */
async function verifyWith(jwksUrl: (issuer: LocalIssuer) => string): Promise<unknown> {
  await using issuer = await LocalIssuer.start();
  await using outbound = openOutbound();
  const verify = createTokenVerifier({
    issuer: issuer.url,
    audience,
    jwksUrl: new URL(jwksUrl(issuer)),
    outbound,
  });
  try {
    return (await verify(await issuer.sign({ sub: 'ada', aud: audience }))).id;
  } catch (error) {
    return [(error as { code: string }).code, outbound.logged.at(-1)?.['kind']];
  }
}

test('the URL of the keys may be private, for it is of the configuration', async () => {
  expect(await verifyWith((issuer) => issuer.jwksUrl.href)).toBe('ada');
});

test.each([
  ['a redirect, also to the issuer', 302, '', 'status'],
  ['what is not a set of keys', 200, '{"keys":"none"}', 'schema'],
  ['too much', 200, JSON.stringify({ keys: [], padding: 'x'.repeat(2_000_000) }), 'too-large'],
])('%s in place of the keys is a failure of the service', async (_what, status, body, kind) => {
  let keys = '';
  await using server = await serve((_req, res) => {
    res.writeHead(status, { 'Content-Type': 'application/json', Location: keys }).end(body);
  });
  const outcome = await verifyWith((issuer) => {
    keys = issuer.jwksUrl.href;
    return server.url;
  });
  expect(outcome).toEqual(['identity-unavailable', kind]);
});
