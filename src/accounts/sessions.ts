import type { Database, QueryOptions, Statement } from '../database/database.ts';
import { createSecret, hashSecret } from './secret.ts';

export interface SessionsOptions {
  readonly idleMinutes: number;
  readonly maxHours: number;
}

export interface Session {
  readonly accountId: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expiresAt: string;
}

interface Row {
  readonly account_id: string;
  readonly name: string;
  readonly scopes: readonly string[];
  readonly expires_at: Date;
  readonly stale: boolean;
}

/** Sessions per account; a log-in beyond them ends the oldest. */
const MAX_SESSIONS = 20;

const statements = {
  insert: {
    name: 'insert-session',
    text: `
      insert into sessions (id_hash, account_id, expires_at)
      values ($1, $2, now() + make_interval(hours => $3)) returning expires_at`,
  },
  find: {
    name: 'find-session',
    text: `
      select account_id, name, scopes, expires_at, seen_at < now() - interval '1 minute' as stale
      from sessions join accounts on accounts.id = account_id
      where id_hash = $1 and expires_at > now() and seen_at > now() - make_interval(mins => $2)`,
  },
  see: {
    name: 'see-session',
    text: `update sessions set seen_at = now() where id_hash = $1 and seen_at < now() - interval '1 minute'`,
  },
  remove: { name: 'remove-session', text: 'delete from sessions where id_hash = $1' },
  removeAll: { name: 'remove-sessions-of-account', text: 'delete from sessions where account_id = $1' },
  removeOldest: {
    name: 'remove-oldest-sessions',
    text: `
      delete from sessions where id_hash in (
        select id_hash from sessions where account_id = $1 order by created_at desc offset ${MAX_SESSIONS})`,
  },
  removeEnded: {
    name: 'remove-ended-sessions',
    text: 'delete from sessions where expires_at <= now() or seen_at <= now() - make_interval(mins => $1)',
  },
} satisfies Record<string, Statement>;

/**
 * Sessions of accounts, each known by a secret that only its browser has. Every request looks its session up, so one that
 * ends is over on every worker and machine at once.
 */
export class Sessions {
  readonly #database: Database;
  readonly #options: SessionsOptions;

  constructor(database: Database, options: SessionsOptions) {
    this.#database = database;
    this.#options = options;
  }

  /**
   * Begins a session with a new id, whatever id the browser sent (session fixation), and ends the one that it had.
   *
   * @returns the id for the cookie
   */
  async begin(
    accountId: string,
    previous?: string,
  ): Promise<{ readonly id: string; readonly expiresAt: string }> {
    const id = createSecret();
    const { maxHours } = this.#options;
    return this.#database.transaction(async (transaction) => {
      if (previous !== undefined) await transaction.query(statements.remove, [hashSecret(previous)]);
      const { rows } = await transaction.query<Pick<Row, 'expires_at'>>(statements.insert, [
        hashSecret(id),
        accountId,
        maxHours,
      ]);
      await transaction.query(statements.removeOldest, [accountId]);
      return { id, expiresAt: rows[0]?.expires_at.toISOString() ?? '' };
    });
  }

  /** @returns undefined if there is no such session, or it has ended */
  async find(id: string): Promise<Session | undefined> {
    const hash = hashSecret(id);
    const { rows } = await this.#database.query<Row>(statements.find, [hash, this.#options.idleMinutes]);
    const [row] = rows;
    if (row === undefined) return undefined;
    if (row.stale) await this.#database.query(statements.see, [hash]);
    const { account_id: accountId, name, scopes, expires_at } = row;
    return { accountId, name, scopes, expiresAt: expires_at.toISOString() };
  }

  async end(id: string): Promise<void> {
    await this.#database.query(statements.remove, [hashSecret(id)]);
  }

  /** Ends all sessions of an account. */
  async endAll(accountId: string): Promise<void> {
    await this.#database.query(statements.removeAll, [accountId]);
  }

  /** @returns how many were removed */
  async removeEnded(options: QueryOptions = {}): Promise<number> {
    const { idleMinutes } = this.#options;
    return (await this.#database.query(statements.removeEnded, [idleMinutes], options)).rowCount ?? 0;
  }
}
