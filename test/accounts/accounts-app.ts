/** A service with accounts and one guarded feature. */
import { afterAll } from '@jest/globals';
import { z } from 'zod';
import type { Identity } from '../../src/identity/open.ts';
import type { FeatureSet } from '../../src/routes/feature.ts';
import { defineRoute } from '../../src/routes/route.ts';
import { createTestApp, type TestApp } from '../support/app.ts';

/** Passes every check of the service. */
export const PASSWORD = 'correct horse battery';

function createNotes(identity: Identity) {
  const response = z.strictObject({ owner: z.string() });
  const examples = [{ title: 'Notes' }] as const;
  const handler = ({ caller }: { readonly caller: { readonly id: string } | undefined }) => ({
    owner: caller?.id ?? '',
  });
  const read = defineRoute({
    ...{ method: 'get', path: '', title: 'Read', summary: 'Reads.', response, examples, handler },
    guard: identity.require('notes:read'),
  });
  const write = defineRoute({
    ...{ method: 'post', path: '', title: 'Write', summary: 'Writes.', response, examples, handler },
    guard: identity.require('notes:write'),
  });
  return {
    id: 'notes',
    base: '/notes',
    title: 'Notes',
    summary: 'Notes.',
    guard: 'public',
    routes: [read, write],
  } as const;
}

const sets: readonly FeatureSet[] = [
  { load: () => import('../../src/accounts/create.ts') },
  {
    load: async () => ({
      create: ({ resources }) => ({ features: [createNotes(resources.identity)] }),
    }),
  },
];

/** Passwords are hashed at a low cost: the tests are about the rest. */
export function createAccountsApp(env: Readonly<Record<string, string>> = {}): Promise<TestApp> {
  return createTestApp({
    env: {
      ACCOUNTS: 'sign-up',
      ACCOUNT_SCOPES: 'keys notes:read notes:write',
      PASSWORD_HASH_LOG_N: '8',
      LOG_IN_MAX_PER_ADDRESS: '100000',
      ...env,
    },
    sets,
  });
}

/** The same for all tests of a file. */
export async function useAccountsApp(env?: Readonly<Record<string, string>>): Promise<TestApp> {
  const service = await createAccountsApp(env);
  afterAll(async () => {
    await service[Symbol.asyncDispose]();
  });
  return service;
}

type Sent = Awaited<ReturnType<TestApp['client']['post']>>;

/** The cookies that a response sets, as a browser sends them back. */
export function cookiesOf({ headers }: Pick<Sent, 'headers'>): string {
  return [headers['set-cookie'] ?? []]
    .flat()
    .map((line: string) => line.split(';')[0] ?? '')
    .filter((pair: string) => !pair.endsWith('='))
    .join('; ');
}

export function signUp({ client }: TestApp, name: string, password = PASSWORD) {
  return client.post('/account').send({ name, password });
}

export function logIn({ client }: TestApp, name: string, password = PASSWORD, cookie = '') {
  return client.post('/account/session').set('Cookie', cookie).send({ name, password });
}
