import { Problem } from '../http/problem.ts';
import type { Guard } from '../routes/route.ts';
import type { TokenCaller, VerifyToken } from './token-verifier.ts';

/** https://www.rfc-editor.org/rfc/rfc6750#section-2.1 */
const bearer = /^Bearer +([\w.~+/-]+=*)$/i;

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
    async check({ headers: { authorization = '' } }) {
      const [, token] = bearer.exec(authorization) ?? [];
      if (token === undefined) {
        throw new Problem('unauthorized', { headers: { 'WWW-Authenticate': 'Bearer' } });
      }
      const caller = await verify(token);
      const missing = scopes.filter((scope) => !caller.scopes.has(scope));
      if (missing.length === 0) return caller;
      const needed = scopes.join(' ');
      throw new Problem('forbidden', {
        detail: `The token lacks: ${missing.join(' ')}.`,
        headers: { 'WWW-Authenticate': `Bearer error="insufficient_scope", scope="${needed}"` },
      });
    },
  };
}
