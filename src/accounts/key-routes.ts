import { z } from 'zod';
import { Problem } from '../http/problem.ts';
import type { Identity } from '../identity/open.ts';
import { defineRoute, type Guard, type Route } from '../routes/route.ts';
import type { ScopedCaller } from '../identity/scopes.ts';
import { textOf } from '../shared/text.ts';
import { prefixOf } from './api-key.ts';
import type { ApiKeys, StoredKey } from './api-keys.ts';
import { API_KEY_GUARD } from './require-api-key.ts';

const when = z.iso.datetime();
const scopeList = z
  .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,64}$/, { error: 'must be a scope' }))
  .min(1)
  .max(32);

const apiKey = z.strictObject({
  id: z.string(),
  prefix: z.string().describe('How the key begins.'),
  name: z.string(),
  scopes: z.array(z.string()),
  createdAt: when,
  expiresAt: when,
  usedAt: when.optional().describe('When it was last used, to the hour.'),
  revokedAt: when.optional(),
});
const newKey = z.strictObject({
  name: textOf(1, 64).describe('What the key is for. The valid keys of a caller have different names.'),
  scopes: scopeList.describe('What the key may do: scopes that the caller has.'),
  expiresInDays: z.int().min(1).max(365).default(90),
});

interface KeyRoutesOptions {
  readonly keys: ApiKeys;
  readonly identity: Identity;
}

/** Routes for the owner of keys. */
export function createKeyRoutes({ keys, identity }: KeyRoutesOptions): readonly Route[] {
  const guard = requirePerson(identity);

  const create = defineRoute({
    guard,
    method: 'post',
    path: '/keys',
    title: 'Create an API key',
    summary: 'Creates a key for a program that acts for the caller. The key is shown this once.',
    body: newKey,
    success: 201,
    response: apiKey.extend({ key: z.string().describe('Send it as `Authorization: Bearer`.') }),
    problems: ['conflict'],
    examples: [
      { title: 'Without a caller', body: { name: 'a script', scopes: ['tasks:read'] }, status: 401 },
    ],
    async handler({ body: { name, scopes, expiresInDays: days }, caller, res }) {
      const missing = scopes.filter((scope) => !caller.scopes.has(scope));
      if (missing.length > 0) {
        throw new Problem('forbidden', { detail: `You lack: ${missing.join(' ')}.` });
      }
      const { key, stored } = await keys.create({
        owner: caller.id,
        name,
        scopes: [...new Set(scopes)],
        days,
      });
      res.set('Cache-Control', 'no-store');
      return { ...show(stored), key };
    },
  });

  const list = defineRoute({
    guard,
    method: 'get',
    path: '/keys',
    title: 'List API keys',
    summary: 'Lists the keys of the caller, the newest first, without their secrets.',
    response: z.strictObject({ items: z.array(apiKey) }),
    examples: [{ title: 'Without a caller', status: 401 }],
    async handler({ caller, signal }) {
      return { items: (await keys.list(caller.id, { signal })).map(show) };
    },
  });

  const revoke = defineRoute({
    guard,
    method: 'delete',
    path: '/keys/:id',
    title: 'Revoke an API key',
    summary: 'Revokes a key of the caller on every machine at once. To revoke it again changes nothing.',
    params: z.strictObject({ id: z.string().regex(/^[0-9a-f]{16}$/, { error: 'must be the id of a key' }) }),
    success: 204,
    response: z.void(),
    problems: ['not-found'],
    examples: [{ title: 'Without a caller', params: { id: '0123456789abcdef' }, status: 401 }],
    async handler({ params: { id }, caller }) {
      if (await keys.revoke(id, caller.id)) return;
      throw new Problem('not-found', { detail: `There is no key ${id}.` });
    },
  });
  return [create, list, revoke];
}

/** A key that leaks must not be able to create others, which would outlive it. */
function requirePerson(identity: Identity): readonly [Guard<ScopedCaller>, ...Guard<ScopedCaller>[]] {
  const ways = identity.require('keys');
  const [first, ...others] = ways === 'public' ? [] : ways.filter(({ name }) => name !== API_KEY_GUARD);
  if (first === undefined) throw new Error('there is no way to prove who owns a key');
  return [first, ...others];
}

function show(stored: StoredKey) {
  const { id, name, scopes, created_at, expires_at, used_at, revoked_at } = stored;
  return {
    id,
    prefix: prefixOf(id),
    name,
    scopes: [...scopes],
    createdAt: created_at.toISOString(),
    expiresAt: expires_at.toISOString(),
    ...(used_at === null ? {} : { usedAt: used_at.toISOString() }),
    ...(revoked_at === null ? {} : { revokedAt: revoked_at.toISOString() }),
  };
}
