import { Problem } from '../http/problem.ts';
import { holdToScopes, type ScopedCaller } from '../identity/scopes.ts';
import type { Guard } from '../routes/route.ts';
import { isConfidential, readCookie, SESSION_COOKIE } from './cookies.ts';
import type { Session, Sessions } from './sessions.ts';

export interface SessionCaller extends ScopedCaller {
  readonly session: Session;
}

/** A guard that lets browsers with a session pass, if its account has all of these scopes. */
export function requireSession(
  sessions: Sessions,
  production: boolean,
  ...scopes: readonly string[]
): Guard<SessionCaller> {
  return {
    name: 'session',
    scheme: { type: 'apiKey', in: 'cookie', name: SESSION_COOKIE },
    scopes,
    async check(req, res) {
      // Caches know that a response to Authorization is not for others; of cookies they do not.
      res.set('Cache-Control', 'private');
      res.vary('Cookie');
      const id = readCookie(req, SESSION_COOKIE);
      if (id === undefined || !isConfidential(req, production)) throw new Problem('unauthorized');
      const session = await sessions.find(id);
      if (session === undefined) {
        throw new Problem('unauthorized', { detail: 'The session has ended. Log in again.' });
      }
      const caller = { id: session.accountId, scopes: new Set(session.scopes), session };
      return holdToScopes(caller, scopes, { what: 'account', bearer: false });
    },
  };
}
