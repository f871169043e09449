import { Problem } from '../http/problem.ts';
import type { Guard } from '../routes/route.ts';
import { holdToScopes } from './scopes.ts';
import type { TokenCaller, VerifyToken } from './token-verifier.ts';

/** https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
const bearer = /^Bearer +([\w.~+/-]+=*)$/i;

/** @returns what a caller sent as `Authorization: Bearer` */
export function bearerOf({ authorization = '' }: { readonly authorization?: string | undefined }) {
  return bearer.exec(authorization)?.[1];
}

/**
 * A guard that lets callers with a valid bearer token pass, if it has all of these scopes.
 *
 * @example
 * const verify = createTokenVerifier({ issuer, audience: 'orders', jwksUrl });
 * defineRoute({ guard: requireToken(verify, 'orders:read'), handler: ({ caller }) => list(caller.id), ... });
 */
export function requireToken(verify: VerifyToken, ...scopes: readonly string[]): Guard<TokenCaller> {
  return {
    name: 'bearerToken',
    scheme: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
    scopes,
    async check({ headers }) {
      const token = bearerOf(headers);
      if (token === undefined) {
        throw new Problem('unauthorized', { headers: { 'WWW-Authenticate': 'Bearer' } });
      }
      return holdToScopes(await verify(token), scopes, { what: 'token', bearer: true });
    },
  };
}
