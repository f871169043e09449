import { Problem } from '../http/problem.ts';
import { bearerOf } from '../identity/require-token.ts';
import { holdToScopes, type ScopedCaller } from '../identity/scopes.ts';
import type { Guard } from '../routes/route.ts';
import { isApiKey, parseApiKey } from './api-key.ts';
import type { ApiKeys } from './api-keys.ts';

export const API_KEY_GUARD = 'apiKey';

/**
 * A guard that lets callers with an API key pass, if it has all of these scopes. The caller is the owner of the key.
 *
 * Keys come as `Authorization: Bearer`, never in a URL: proxies, caches and logs treat that header as secret, but not one
 * with a name of our own.
 */
export function requireApiKey(keys: ApiKeys, ...scopes: readonly string[]): Guard<ScopedCaller> {
  return {
    name: API_KEY_GUARD,
    scheme: { type: 'http', scheme: 'bearer', bearerFormat: 'apikey_<id>_<secret>_<checksum>' },
    scopes,
    async check({ headers }) {
      const text = bearerOf(headers);
      if (text === undefined || !isApiKey(text)) {
        throw new Problem('unauthorized', { headers: { 'WWW-Authenticate': 'Bearer' } });
      }
      const key = parseApiKey(text);
      if (key === undefined) throw invalid('The key is incomplete or has a typo.');
      const found = await keys.find(key);
      if (found === undefined) throw invalid('There is no such key.');
      if (found.revoked) throw invalid('The key has been revoked.');
      if (found.expired) throw invalid('The key has expired.');
      const caller = { id: found.owner, scopes: new Set(found.scopes) };
      return holdToScopes(caller, scopes, { what: 'key', bearer: true });
    },
  };
}

function invalid(detail: string): Problem {
  return new Problem('unauthorized', {
    detail,
    headers: { 'WWW-Authenticate': `Bearer error="invalid_token", error_description="${detail}"` },
  });
}
