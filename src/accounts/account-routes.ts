import { z } from 'zod';
import { clientKey } from '../rate-limit/client-key.ts';
import type { Identity } from '../identity/open.ts';
import { defineRoute, type Access, type Route } from '../routes/route.ts';
import type { AccountStore } from './account-store.ts';
import type { AttemptLimit } from './attempt-limit.ts';
import { requireConfidential } from './cookies.ts';
import { accountName, newPassword } from './credentials.ts';
import type { PasswordHasher } from './password-hasher.ts';

const account = z.strictObject({ id: z.uuid(), name: z.string(), scopes: z.array(z.string()) });

/** The route by which any caller learns who the service takes it for. */
export function createCallerRoute(identity: Identity): Route {
  return defineRoute({
    guard: identity.require(),
    method: 'get',
    path: '',
    title: 'Who am I',
    summary: 'Returns the caller, and what it may do.',
    response: z.strictObject({ id: z.string(), scopes: z.array(z.string()) }),
    examples: [{ title: 'Without a caller', status: 401 }],
    handler: ({ caller }) => ({ id: caller?.id ?? '', scopes: [...(caller?.scopes ?? [])].sort() }),
  });
}

interface AccountRoutesOptions {
  readonly accounts: AccountStore;
  readonly hasher: PasswordHasher;
  readonly byAddress: AttemptLimit;
  /** Those of a new account. */
  readonly scopes: readonly string[];
  readonly mayCreate: Access;
  readonly production: boolean;
}

export function createAccountRoutes(options: AccountRoutesOptions): readonly Route[] {
  const { accounts, hasher, byAddress, scopes, mayCreate, production } = options;
  const create = defineRoute({
    guard: mayCreate,
    method: 'post',
    path: '',
    title: 'Create an account',
    summary: 'Creates an account with a name and a password.',
    body: z.strictObject({ name: accountName, password: newPassword }),
    success: 201,
    response: account,
    problems: ['conflict', 'rate-limited', 'busy'],
    examples: [
      {
        title: 'Create an account',
        body: { name: 'ada', password: 'correct horse battery' },
        status: mayCreate === 'public' ? 201 : 401,
      },
    ],
    async handler({ body: { name, password }, req }) {
      requireConfidential(req, production);
      await byAddress.count(clientKey(req));
      const created = await accounts.create(name, await hasher.hash(password), scopes);
      return { ...created, scopes: [...scopes] };
    },
  });
  return [create];
}
