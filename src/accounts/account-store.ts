import { randomUUID } from 'node:crypto';
import { DatabaseError } from 'pg';
import type { Database, QueryOptions, Statement } from '../database/database.ts';
import { Problem } from '../http/problem.ts';
import { createSecret, hashSecret } from './secret.ts';

export interface Account {
  readonly id: string;
  readonly name: string;
  readonly scopes: readonly string[];
}

interface Row extends Account {
  readonly password_hash: string;
  readonly known_browser: boolean;
}

const UNIQUE_VIOLATION = '23505';
const BROWSER_LIFETIME_DAYS = 365;
const MAX_BROWSERS = 20;

export const BROWSER_LIFETIME_S = BROWSER_LIFETIME_DAYS * 86_400;

const statements = {
  insert: {
    name: 'insert-account',
    text: 'insert into accounts (id, name, password_hash, scopes) values ($1, $2, $3, $4)',
  },
  find: {
    name: 'find-account',
    text: `
      select id, name, password_hash, scopes,
        exists (
          select from known_browsers where id_hash = $2 and account_id = accounts.id and expires_at > now()
        ) as known_browser
      from accounts where name = $1`,
  },
  // Only if nothing has changed the password since.
  rehash: {
    name: 'rehash-password',
    text: 'update accounts set password_hash = $3 where id = $1 and password_hash = $2',
  },
  setPassword: { name: 'set-password', text: 'update accounts set password_hash = $2 where id = $1' },
  addBrowser: {
    name: 'add-browser',
    text: `
      insert into known_browsers (id_hash, account_id, expires_at)
      values ($1, $2, now() + interval '${BROWSER_LIFETIME_DAYS} days')`,
  },
  removeOldestBrowsers: {
    name: 'remove-oldest-browsers',
    text: `
      delete from known_browsers where id_hash in (
        select id_hash from known_browsers where account_id = $1 order by created_at desc offset ${MAX_BROWSERS})`,
  },
  removeForgotten: {
    name: 'remove-forgotten-browsers',
    text: 'delete from known_browsers where expires_at <= now()',
  },
} satisfies Record<string, Statement>;

/** Stores accounts, and by which browsers each has logged in. */
export class AccountStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** @throws {Problem} `conflict` if the name is taken */
  async create(name: string, passwordHash: string, scopes: readonly string[]): Promise<Account> {
    const account = { id: randomUUID(), name, scopes };
    try {
      await this.#database.query(statements.insert, [account.id, name, passwordHash, scopes]);
      return account;
    } catch (error) {
      if (!(error instanceof DatabaseError) || error.code !== UNIQUE_VIOLATION) throw error;
      throw new Problem('conflict', { detail: 'The name is taken.' });
    }
  }

  /** @param browser what the browser was given at an earlier log-in */
  async find(name: string, browser: string | undefined, options: QueryOptions): Promise<Row | undefined> {
    const values = [name, browser === undefined ? null : hashSecret(browser)];
    return (await this.#database.query<Row>(statements.find, values, options)).rows[0];
  }

  async rehash(id: string, before: string, after: string): Promise<void> {
    await this.#database.query(statements.rehash, [id, before, after]);
  }

  async setPassword(id: string, passwordHash: string): Promise<void> {
    await this.#database.query(statements.setPassword, [id, passwordHash]);
  }

  /** @returns what the browser should send with its next log-in */
  async addBrowser(accountId: string): Promise<string> {
    const browser = createSecret();
    await this.#database.query(statements.addBrowser, [hashSecret(browser), accountId]);
    await this.#database.query(statements.removeOldestBrowsers, [accountId]);
    return browser;
  }

  /** @returns how many were removed */
  async removeForgottenBrowsers(options: QueryOptions = {}): Promise<number> {
    return (await this.#database.query(statements.removeForgotten, [], options)).rowCount ?? 0;
  }
}
