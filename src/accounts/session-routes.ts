import type { Request, Response } from 'express';
import { z } from 'zod';
import { clientKey } from '../rate-limit/client-key.ts';
import { defineRoute, type Route } from '../routes/route.ts';
import { BROWSER_LIFETIME_S, type AccountStore } from './account-store.ts';
import {
  BROWSER_COOKIE,
  clearCookie,
  readCookie,
  requireConfidential,
  SESSION_COOKIE,
  setCookie,
} from './cookies.ts';
import { accountName, newPassword, password } from './credentials.ts';
import { wrongCredentials, type LogIn } from './log-in.ts';
import type { PasswordHasher } from './password-hasher.ts';
import type { Sessions } from './sessions.ts';

const nameAndPassword = z.strictObject({ name: accountName, password });
const session = z.strictObject({
  accountId: z.uuid(),
  name: z.string(),
  scopes: z.array(z.string()),
  expiresAt: z.iso.datetime(),
});

interface SessionRoutesOptions {
  readonly accounts: AccountStore;
  readonly hasher: PasswordHasher;
  readonly logIn: LogIn;
  readonly sessions: Sessions;
  readonly production: boolean;
}

export function createSessionRoutes(options: SessionRoutesOptions): readonly Route[] {
  const { accounts, hasher, logIn, sessions, production } = options;
  const attempt = (credentials: z.output<typeof nameAndPassword>, req: Request, signal: AbortSignal) => {
    requireConfidential(req, production);
    const browser = readCookie(req, BROWSER_COOKIE);
    return logIn.attempt({ ...credentials, address: clientKey(req), browser, signal });
  };

  const begin = defineRoute({
    guard: 'public',
    method: 'post',
    path: '/session',
    title: 'Log in',
    summary: 'Begins a session of a browser, which gets a cookie.',
    body: nameAndPassword,
    success: 201,
    response: session,
    responseHeaders: { 'Set-Cookie': `The session as ${SESSION_COOKIE}.` },
    problems: [wrongCredentials, 'rate-limited', 'busy'],
    examples: [{ title: 'A wrong password', body: { name: 'ada', password: 'wrong' }, status: 403 }],
    async handler({ body, req, res, signal }) {
      const { account, newBrowser } = await attempt(body, req, signal);
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

  const changePassword = defineRoute({
    guard: 'public',
    method: 'put',
    path: '/password',
    title: 'Change the password',
    summary: 'Changes the password of an account, and ends all its sessions: one of them may be why.',
    body: nameAndPassword.extend({ newPassword }),
    success: 204,
    response: z.void(),
    problems: [wrongCredentials, 'rate-limited', 'busy'],
    examples: [
      {
        title: 'A wrong password',
        body: { name: 'ada', password: 'wrong', newPassword: 'battery staple correct' },
        status: 403,
      },
    ],
    async handler({ body: { newPassword: next, ...credentials }, req, signal }) {
      const { account } = await attempt(credentials, req, signal);
      await accounts.setPassword(account.id, await hasher.hash(next));
      await sessions.endAll(account.id);
    },
  });
  return [begin, end, changePassword];
}

function keepFromCaches(res: Response): Response {
  return res.set('Cache-Control', 'no-store');
}
