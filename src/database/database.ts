import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { Logger } from 'pino';
import { noTracing, type SpanAttributes, type Tracing } from '../telemetry/tracing.ts';
import { cancelStatement } from './cancel-statement.ts';
import { isConnectionError, isRetryable, toProblem } from './problems.ts';

export interface DatabaseOptions {
  readonly url: string;
  readonly poolMax: number;
  /** Time to wait for a connection (ms). */
  readonly waitMs: number;
  readonly statementTimeoutMs: number;
  /** Shown in `pg_stat_activity`. */
  readonly name: string;
  readonly log: Logger;
  readonly tracing?: Tracing;
}

/** A statement that the server parses and plans once per connection. A name stands for one text. */
export interface Statement {
  readonly name: string;
  readonly text: string;
}

export interface QueryOptions {
  /** Cancels the statement on the server, for example because the client has disconnected. */
  readonly signal?: AbortSignal | undefined;
}

export interface TransactionOptions extends QueryOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
}

/** Runs statements: the pool, each on any connection, or a transaction, all on one. */
export interface Queries {
  /** @throws {Problem} `database-unavailable` */
  query<Row extends pg.QueryResultRow>(
    statement: Statement | string,
    values?: readonly unknown[],
    options?: QueryOptions,
  ): Promise<pg.QueryResult<Row>>;
}

export interface PoolFigures {
  readonly size: number;
  readonly idle: number;
  readonly waiting: number;
}

/** The client waits a little longer than the server, whose cancellation keeps the connection. */
const CLIENT_MARGIN_MS = 1_000;
/** How soon the server notices that the client of a running statement is gone. */
const CONNECTION_CHECK_MS = 500;
const PING: Statement = { name: 'ping', text: 'select 1' };
const MAX_ATTEMPTS = 10;
const FIRST_RETRY_MS = 5;

/** A bounded pool of connections to PostgreSQL. */
export class Database implements Queries {
  readonly #pool: pg.Pool;
  /** One connection for checks, which must not wait for those of a busy pool. */
  readonly #checks: pg.Pool;
  readonly #config: pg.PoolConfig;
  readonly #options: DatabaseOptions;
  readonly #waited: (ms: number) => void;
  readonly #tracing: Tracing;

  /** @param waited gets the time that each caller waited for its connection (ms) */
  constructor(options: DatabaseOptions, waited: (ms: number) => void = () => undefined) {
    const { url, poolMax, waitMs, statementTimeoutMs, name } = options;
    this.#options = options;
    this.#waited = waited;
    this.#tracing = options.tracing ?? noTracing;
    this.#config = {
      connectionString: url,
      application_name: name,
      max: poolMax,
      connectionTimeoutMillis: waitMs,
      idleTimeoutMillis: 30_000,
      statement_timeout: statementTimeoutMs,
      query_timeout: statementTimeoutMs + CLIENT_MARGIN_MS,
      idle_in_transaction_session_timeout: statementTimeoutMs + CLIENT_MARGIN_MS,
      keepAlive: true,
      options: `-c client_connection_check_interval=${CONNECTION_CHECK_MS}`,
    };
    this.#pool = this.#createPool(this.#config);
    this.#checks = this.#createPool({ ...this.#config, max: 1 });
  }

  get figures(): PoolFigures {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    return { size: totalCount, idle: idleCount, waiting: waitingCount };
  }

  async query<Row extends pg.QueryResultRow>(
    statement: Statement | string,
    values?: readonly unknown[],
    options: QueryOptions = {},
  ): Promise<pg.QueryResult<Row>> {
    return this.#withClient(options, (client) => this.#run<Row>(client, statement, values, options));
  }

  /**
   * Checks that the server responds, also while all connections of the pool are in use.
   *
   * @throws {Problem} `database-unavailable`
   */
  async ping(options: QueryOptions = {}): Promise<void> {
    await this.#withClient(options, (client) => this.#run(client, PING, [], options), this.#checks);
  }

  /**
   * Runs `work` in a transaction, and again from its beginning if the database asks for that (serialization failure,
   * deadlock): `work` must have no effects other than on the database.
   *
   * @throws what `work` throws, after the transaction has been rolled back
   */
  async transaction<T>(work: (queries: Queries) => Promise<T>, options: TransactionOptions = {}): Promise<T> {
    const deadline = AbortSignal.timeout(this.#options.statementTimeoutMs);
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#withClient(options, (client) => this.#runTransaction(client, work, options));
      } catch (error) {
        const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
        if (!isRetryable(cause) || attempt === MAX_ATTEMPTS || deadline.aborted) throw error;
        // Randomized, or those that collided would collide again.
        await sleep(FIRST_RETRY_MS * 2 ** Math.min(attempt, 6) * Math.random(), undefined, {
          ...(options.signal === undefined ? {} : { signal: options.signal }),
        });
      }
    }
  }

  /**
   * Reads a large result in batches, which the server computes as they are requested. The connection is in use until the
   * iteration ends; the time limit is that of one batch.
   *
   * @param text a query, without a semicolon at its end
   */
  async *stream<Row extends pg.QueryResultRow>(
    text: string,
    values: readonly unknown[] = [],
    { batchSize = 200, signal }: QueryOptions & { readonly batchSize?: number } = {},
  ): AsyncGenerator<Row[]> {
    signal?.throwIfAborted();
    const client = await this.#connect();
    let broken = false;
    try {
      // The consumer may be slow: it is not for the database to disconnect it.
      await this.#send(client, 'begin; set local idle_in_transaction_session_timeout = 0');
      await this.#run(client, `declare batches no scroll cursor for ${text}`, values, { signal });
      for (;;) {
        const { rows } = await this.#run<Row>(client, `fetch ${batchSize} from batches`, [], { signal });
        if (rows.length > 0) yield rows;
        if (rows.length < batchSize) return;
      }
    } catch (error) {
      broken = isConnectionError(error);
      throw signal?.aborted ? signal.reason : toProblem(error);
    } finally {
      // Also if the consumer stops early. After an error it is a rollback.
      if (!broken) await this.#send(client, 'commit').catch(() => (broken = true));
      client.release(broken);
    }
  }

  /** Disconnects from the server when the statements that are running have ended. */
  async close(): Promise<void> {
    await Promise.all([this.#pool.end(), this.#checks.end()]);
  }

  #createPool(config: pg.PoolConfig): pg.Pool {
    const pool = new pg.Pool(config);
    // Without a listener an error would end the process: that of an idle connection, and that of a connection that waits
    // for the next statement of a transaction.
    pool.on('error', () => undefined);
    pool.on('connect', (client) => {
      client.once('error', (error: Error) => {
        // The error itself refers to the connection.
        const reason = error.message;
        this.#options.log.warn(
          { event: 'database-connection-lost', reason },
          `a database connection was lost: ${reason}`,
        );
      });
      client.on('error', () => undefined); // a second one says the same
    });
    return pool;
  }

  async #connect(pool = this.#pool): Promise<pg.PoolClient> {
    const startedAt = performance.now();
    // Not for a connection that is idle, which needs no wait.
    const connect = () =>
      pool.idleCount > 0
        ? pool.connect()
        : this.#tracing.span('wait for a database connection', {}, () => pool.connect());
    try {
      return await connect();
    } catch (error) {
      throw toProblem(error);
    } finally {
      if (pool === this.#pool) this.#waited(performance.now() - startedAt);
    }
  }

  async #withClient<T>(
    { signal }: QueryOptions,
    work: (client: pg.PoolClient) => Promise<T>,
    pool = this.#pool,
  ): Promise<T> {
    signal?.throwIfAborted();
    const client = await this.#connect(pool);
    let broken = false;
    try {
      signal?.throwIfAborted(); // it may have happened during the wait
      return await work(client);
    } catch (error) {
      broken = isConnectionError(error);
      throw signal?.aborted ? signal.reason : toProblem(error);
    } finally {
      client.release(broken);
    }
  }

  async #runTransaction<T>(
    client: pg.PoolClient,
    work: (queries: Queries) => Promise<T>,
    { isolation = 'read committed', signal }: TransactionOptions,
  ): Promise<T> {
    await this.#send(client, `begin isolation level ${isolation}`);
    // A connection runs one statement at a time, even if `work` starts several.
    let last: Promise<unknown> = Promise.resolve();
    const inTurn = <R>(run: () => Promise<R>): Promise<R> => {
      const result = last.then(run);
      last = result.catch(() => undefined);
      return result;
    };
    try {
      const result = await work({
        query: (statement, values, options = {}) =>
          inTurn(() => this.#run(client, statement, values, { signal, ...options })),
      });
      await inTurn(() => this.#send(client, 'commit'));
      return result;
    } catch (error) {
      await last;
      // If the connection is broken the server rolls back by itself. One that cannot roll back is not used again.
      if (!isConnectionError(error)) await this.#send(client, 'rollback').catch(() => void client.end());
      throw error;
    }
  }

  /** Runs a statement of this class: the start or the end of a transaction. */
  #send(client: pg.PoolClient, text: string): Promise<unknown> {
    return this.#tracing.span(...describe({ text }), () => client.query(text));
  }

  #run<Row extends pg.QueryResultRow>(
    client: pg.PoolClient,
    statement: Statement | string,
    values: readonly unknown[] = [],
    options: QueryOptions,
  ): Promise<pg.QueryResult<Row>> {
    const config = typeof statement === 'string' ? { text: statement } : statement;
    if (!this.#tracing.on) return this.#runUntraced(client, config, values, options);
    return this.#tracing.span(...describe(config), () => this.#runUntraced(client, config, values, options));
  }

  async #runUntraced<Row extends pg.QueryResultRow>(
    client: pg.PoolClient,
    config: { readonly name?: string; readonly text: string },
    values: readonly unknown[],
    { signal }: QueryOptions,
  ): Promise<pg.QueryResult<Row>> {
    if (signal === undefined) return client.query<Row>({ ...config, values: [...values] });
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<pg.QueryResult<Row>>();
    const query = new pg.Query<Row, unknown[]>(config, [...values], (error, result) => {
      if (error instanceof Error) reject(error);
      else resolve(result);
    });
    let canceled: Promise<void> | undefined;
    const cancel = (): void => {
      canceled = cancelStatement({ client, query, ended: promise, config: this.#config });
    };
    signal.addEventListener('abort', cancel, { once: true });
    client.query(query);
    try {
      return await promise;
    } finally {
      signal.removeEventListener('abort', cancel);
      await canceled; // or it might end the next statement of this connection
    }
  }
}

/** Longer than any statement of this service; those of pg-boss are longer. */
const MAX_TEXT = 2_000;

/** The span of a statement, without its values: https://opentelemetry.io/docs/specs/semconv/db/database-spans/ */
function describe({ name, text }: { readonly name?: string; readonly text: string }) {
  const line = text.trim().replace(/\s+/g, ' ').slice(0, MAX_TEXT);
  const operation = /^[a-z]+/i.exec(line)?.[0].toUpperCase() ?? 'SQL';
  const attributes: SpanAttributes = {
    'db.system.name': 'postgresql',
    'db.operation.name': operation,
    'db.query.text': line,
    'db.query.summary': name,
  };
  return [name ?? operation, { kind: 'client', attributes }] as const;
}
