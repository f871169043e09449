import type { Database, Queries, QueryOptions, Statement } from '../database/database.ts';
import { hashRequest, KEY_LIFETIME, keyReused } from '../shared/idempotency-key.ts';
import type { NewTask, Task } from './task.ts';

/** A part of the list. */
export interface Slice {
  readonly owner: string;
  /** Only tasks created after the one with this id. */
  readonly after?: string | undefined;
  readonly limit: number;
}

/** What came with a request that may be retried. */
export interface Retry {
  readonly key: string;
  readonly request: NewTask;
}

interface Row {
  readonly id: string;
  readonly title: string;
  readonly done: boolean;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

interface KeyRow {
  readonly request_hash: string;
  readonly response: Task;
}

/** Before every other id: https://www.rfc-editor.org/rfc/rfc9562#name-nil-uuid */
const NIL = '00000000-0000-0000-0000-000000000000';
const COLUMNS = 'id, title, done, version, created_at, updated_at';

/** Each has a name, so that a connection parses and plans it once. */
const statements = {
  insert: {
    name: 'insert-task',
    text: `insert into tasks (${COLUMNS}, owner) values ($1, $2, $3, $4, $5, $6, $7)`,
  },
  // One statement, so that there are both or none. A retry that arrives early waits for the first one to end.
  insertWithKey: {
    name: 'insert-task-with-key',
    text: `
      with new_key as (
        insert into idempotency_keys as known (key, request_hash, response) values ($8, $9, $10)
        on conflict (key) do update
          set request_hash = excluded.request_hash, response = excluded.response, created_at = now()
          where known.created_at < now() - interval '${KEY_LIFETIME}'
        returning key
      )
      insert into tasks (${COLUMNS}, owner)
      select $1::uuid, $2, $3::boolean, $4::integer, $5::timestamptz, $6::timestamptz, $7 from new_key`,
  },
  findKey: {
    name: 'find-idempotency-key',
    text: 'select request_hash, response from idempotency_keys where key = $1',
  },
  find: { name: 'find-task', text: `select ${COLUMNS} from tasks where id = $1 and owner = $2` },
  list: {
    name: 'list-tasks',
    text: `select ${COLUMNS} from tasks where owner = $3 and id > $1 order by id limit $2`,
  },
  replace: {
    name: 'replace-task',
    text: 'update tasks set title = $3, done = $4, version = $5, updated_at = $6 where id = $1 and version = $2',
  },
  removeExpiredKeys: {
    name: 'remove-expired-idempotency-keys',
    text: `delete from idempotency_keys where created_at < now() - interval '${KEY_LIFETIME}'`,
  },
  remove: { name: 'remove-task', text: 'delete from tasks where id = $1 and version = $2' },
} satisfies Record<string, Statement>;

/** A task, and who owns it: the id of a caller; empty if callers are not known. */
interface Owned {
  readonly task: Task;
  readonly owner: string;
}

/**
 * Stores tasks. A change names the version that the caller has seen: of two concurrent changes one succeeds and the
 * other is rejected, whichever worker or machine they run on.
 */
export class TaskStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async insert(owned: Owned, options: QueryOptions = {}): Promise<void> {
    await this.#database.query(statements.insert, valuesOf(owned), options);
  }

  /**
   * Inserts a task unless its owner has used the key before.
   *
   * @returns the task, or the one that the first request with this key created
   * @throws {Problem} `unprocessable-content` if the key came with a different request before
   */
  async insertOnce(
    owned: Owned,
    { key: ownKey, request }: Retry,
    options: QueryOptions = {},
  ): Promise<{ readonly task: Task; readonly replayed: boolean }> {
    const { task, owner } = owned;
    const key = owner === '' ? ownKey : `${ownKey} ${owner}`; // a key has no blanks
    const hash = hashRequest(request);
    const values = [...valuesOf(owned), key, hash, task];
    const { rowCount } = await this.#database.query(statements.insertWithKey, values, options);
    if (rowCount === 1) return { task, replayed: false };
    const { rows } = await this.#database.query<KeyRow>(statements.findKey, [key], options);
    const [known] = rows;
    if (known?.request_hash !== hash) throw keyReused();
    return { task: known.response, replayed: true };
  }

  /** @returns undefined also if the task is another owner's */
  async find(id: string, owner: string, options: QueryOptions = {}): Promise<Task | undefined> {
    const { rows } = await this.#database.query<Row>(statements.find, [id, owner], options);
    return rows[0] === undefined ? undefined : toTask(rows[0]);
  }

  /** In the order of their ids, which is the order of creation. */
  async list({ owner, after = NIL, limit }: Slice, options: QueryOptions = {}): Promise<readonly Task[]> {
    const { rows } = await this.#database.query<Row>(statements.list, [after, limit, owner], options);
    return rows.map(toTask);
  }

  /**
   * @param then runs in the same transaction, if the task was replaced
   * @returns whether the task still had that version; if not, nothing was changed
   */
  async replace(
    { id, title, done, version, updatedAt }: Task,
    seenVersion: number,
    then?: (transaction: Queries) => Promise<void>,
  ): Promise<boolean> {
    const values = [id, seenVersion, title, done, version, updatedAt];
    const replaceWith = async (queries: Queries) =>
      (await queries.query(statements.replace, values)).rowCount === 1;
    if (then === undefined) return replaceWith(this.#database);
    return this.#database.transaction(async (transaction) => {
      const replaced = await replaceWith(transaction);
      if (replaced) await then(transaction);
      return replaced;
    });
  }

  /** Removes keys that are not remembered any more. */
  async removeExpiredKeys(options: QueryOptions = {}): Promise<number> {
    return (await this.#database.query(statements.removeExpiredKeys, [], options)).rowCount ?? 0;
  }

  /** @returns whether the task still had that version; if not, nothing was removed */
  async remove(id: string, seenVersion: number, options: QueryOptions = {}): Promise<boolean> {
    return (await this.#database.query(statements.remove, [id, seenVersion], options)).rowCount === 1;
  }
}

function valuesOf({ task, owner }: Owned): unknown[] {
  const { id, title, done, version, createdAt, updatedAt } = task;
  return [id, title, done, version, createdAt, updatedAt, owner];
}

function toTask({ id, title, done, version, created_at, updated_at }: Row): Task {
  return {
    id,
    title,
    done,
    version,
    createdAt: created_at.toISOString(),
    updatedAt: updated_at.toISOString(),
  };
}
