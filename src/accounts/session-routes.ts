import type { Response } from 'express';
import { z } from 'zod';
import { clientKey } from '../rate-limit/client-key.ts';
import { defineRoute, type Route } from '../routes/route.ts';
import { BROWSER_LIFETIME_S } from './account-store.ts';
import {
  BROWSER_COOKIE,
  clearCookie,
  readCookie,
  requireConfidential,
  SESSION_COOKIE,
  setCookie,
} from './cookies.ts';
import { accountName, password } from './credentials.ts';
import { wrongCredentials, type LogIn } from './log-in.ts';
import type { Sessions } from './sessions.ts';

const session = z.strictObject({
  accountId: z.uuid(),
  name: z.string(),
  scopes: z.array(z.string()),
  expiresAt: z.iso.datetime(),
});

interface SessionRoutesOptions {
  readonly logIn: LogIn;
  readonly sessions: Sessions;
  readonly production: boolean;
}

export function createSessionRoutes({ logIn, sessions, production }: SessionRoutesOptions): readonly Route[] {
  const begin = defineRoute({
    guard: 'public',
    method: 'post',
    path: '/session',
    title: 'Log in',
    summary: 'Begins a session of a browser, which gets a cookie.',
    body: z.strictObject({ name: accountName, password }),
    success: 201,
    response: session,
    responseHeaders: { 'Set-Cookie': `The session as ${SESSION_COOKIE}.` },
    problems: [wrongCredentials, 'rate-limited', 'busy'],
    examples: [{ title: 'A wrong password', body: { name: 'ada', password: 'wrong' }, status: 403 }],
    async handler({ body, req, res, signal }) {
      requireConfidential(req, production);
      const { account, newBrowser } = await logIn.attempt({
        ...body,
        address: clientKey(req),
        browser: readCookie(req, BROWSER_COOKIE),
        signal,
      });
      const { id, expiresAt } = await sessions.begin(account.id, readCookie(req, SESSION_COOKIE));
      setCookie(keepFromCaches(res), SESSION_COOKIE, id);
      if (newBrowser !== undefined) setCookie(res, BROWSER_COOKIE, newBrowser, BROWSER_LIFETIME_S);
      return { accountId: account.id, name: account.name, scopes: [...account.scopes], expiresAt };
    },
  });

  const end = defineRoute({
    guard: 'public',
    method: 'delete',
    path: '/session',
    title: 'Log out',
    summary: 'Ends the session of the caller, or all sessions of the account, on every machine at once.',
    query: z.strictObject({
      all: z.enum(['true', 'false']).default('false').describe('Whether to end all sessions of the account.'),
    }),
    success: 204,
    response: z.void(),
    examples: [{ title: 'Without a session, there is nothing to end', status: 204 }],
    async handler({ query, req, res }) {
      const id = readCookie(req, SESSION_COOKIE);
      if (id === undefined) return;
      const found = query.all === 'true' ? await sessions.find(id) : undefined;
      if (found === undefined) await sessions.end(id);
      else await sessions.endAll(found.accountId);
      clearCookie(keepFromCaches(res), SESSION_COOKIE);
    },
  });
  return [begin, end];
}

function keepFromCaches(res: Response): Response {
  return res.set('Cache-Control', 'no-store');
}
