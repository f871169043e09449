import { timingSafeEqual } from 'node:crypto';
import { DatabaseError } from 'pg';
import type { Database, QueryOptions, Statement } from '../database/database.ts';
import { Problem } from '../http/problem.ts';
import { createApiKey, formatApiKey, type ApiKey } from './api-key.ts';
import { hashSecret } from './secret.ts';

export interface StoredKey {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly created_at: Date;
  readonly expires_at: Date;
  readonly used_at: Date | null;
  readonly revoked_at: Date | null;
}

export interface NewKey {
  readonly owner: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly days: number;
}

/** A key that was sent, and what is known of it. */
export interface FoundKey {
  readonly owner: string;
  readonly scopes: readonly string[];
  readonly expired: boolean;
  readonly revoked: boolean;
}

interface SecretRow extends FoundKey {
  readonly secret_hash: Buffer;
  readonly stale: boolean;
}

/** Per owner. */
const MAX_KEYS = 20;
const MAX_LISTED = 100;
/** How long keys that are not valid any more stay in the list. */
const KEPT = '30 days';
const UNIQUE_VIOLATION = '23505';

const COLUMNS = 'id, name, scopes, created_at, expires_at, used_at, revoked_at';

const statements = {
  retireExpired: {
    name: 'retire-expired-api-keys',
    text: 'update api_keys set revoked_at = expires_at where owner = $1 and revoked_at is null and expires_at <= now()',
  },
  insert: {
    name: 'insert-api-key',
    text: `
      insert into api_keys (id, secret_hash, owner, name, scopes, expires_at)
      select $1, $2, $3, $4, $5, now() + make_interval(days => $6)
      where (select count(*) from api_keys where owner = $3 and revoked_at is null) < ${MAX_KEYS}
      returning ${COLUMNS}`,
  },
  list: {
    name: 'list-api-keys',
    text: `select ${COLUMNS} from api_keys where owner = $1 order by created_at desc, id limit ${MAX_LISTED}`,
  },
  find: {
    name: 'find-api-key',
    text: `
      select secret_hash, owner, scopes, expires_at <= now() as expired, revoked_at is not null as revoked,
        used_at is null or used_at < now() - interval '1 hour' as stale
      from api_keys where id = $1`,
  },
  use: {
    name: 'use-api-key',
    text: `
      update api_keys set used_at = now()
      where id = $1 and (used_at is null or used_at < now() - interval '1 hour')`,
  },
  revoke: {
    name: 'revoke-api-key',
    text: 'update api_keys set revoked_at = coalesce(revoked_at, now()) where id = $1 and owner = $2',
  },
  removeOld: {
    name: 'remove-old-api-keys',
    text: `delete from api_keys where least(expires_at, revoked_at) < now() - interval '${KEPT}'`,
  },
} satisfies Record<string, Statement>;

/** Stores API keys, of which it knows only hashes. Nothing is cached: a key that is revoked is rejected everywhere at once. */
export class ApiKeys {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * @returns the key as text, which cannot be shown again
   * @throws {Problem} `conflict` if the owner has a valid key of this name, or too many keys
   */
  async create({
    owner,
    name,
    scopes,
    days,
  }: NewKey): Promise<{ readonly key: string; readonly stored: StoredKey }> {
    const key = createApiKey();
    const values = [key.id, hashSecret(key.secret), owner, name, scopes, days];
    await this.#database.query(statements.retireExpired, [owner]);
    const [stored] = await this.#database.query<StoredKey>(statements.insert, values).then(
      ({ rows }) => rows,
      (error: unknown) => {
        if (!(error instanceof DatabaseError) || error.code !== UNIQUE_VIOLATION) throw error;
        throw new Problem('conflict', { detail: `There is a key named ${name}. Revoke it first.` });
      },
    );
    if (stored === undefined) {
      throw new Problem('conflict', { detail: `There are ${MAX_KEYS} keys. Revoke one first.` });
    }
    return { key: formatApiKey(key), stored };
  }

  /** The newest first. */
  async list(owner: string, options: QueryOptions = {}): Promise<readonly StoredKey[]> {
    return (await this.#database.query<StoredKey>(statements.list, [owner], options)).rows;
  }

  /** @returns undefined if there is no such key */
  async find({ id, secret }: ApiKey): Promise<FoundKey | undefined> {
    const { rows } = await this.#database.query<SecretRow>(statements.find, [id]);
    const [row] = rows;
    if (row === undefined || !timingSafeEqual(row.secret_hash, hashSecret(secret))) return undefined;
    if (row.stale) await this.#database.query(statements.use, [id]);
    return row;
  }

  /** @returns whether the owner has this key, which may have been revoked before */
  async revoke(id: string, owner: string): Promise<boolean> {
    return (await this.#database.query(statements.revoke, [id, owner])).rowCount === 1;
  }

  /** @returns how many were removed */
  async removeOld(options: QueryOptions = {}): Promise<number> {
    return (await this.#database.query(statements.removeOld, [], options)).rowCount ?? 0;
  }
}
