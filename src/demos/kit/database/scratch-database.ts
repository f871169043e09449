import pg from 'pg';
import { configOf } from '../../../config/declare.ts';
import { toProblem } from '../../../database/problems.ts';
import { variables } from '../../../database/variables.ts';
import { perService } from '../resources/per-service.ts';
import type { DemoResources } from '../resources/resources.ts';
import { SCHEMA, seed } from './seed.ts';

/** A statement of a demo ends within this time, whatever its parameters are. */
const STATEMENT_TIMEOUT_MS = 20_000;
/** On a busy machine many connections at once take seconds. */
const CONNECT_TIMEOUT_MS = 20_000;

/** Connections that demos use for one run, apart from the pool of the service. */
export class ScratchDatabase {
  readonly #resources: DemoResources;
  #seeded: Promise<void> | undefined;

  constructor(resources: DemoResources) {
    this.#resources = resources;
  }

  /** How to connect; for a pool of a demo's own. */
  get config(): pg.ClientConfig {
    const { DATABASE_URL } = configOf(variables, this.#resources.dependencies.config);
    return {
      connectionString: DATABASE_URL,
      application_name: 'exemplar demo',
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      statement_timeout: STATEMENT_TIMEOUT_MS,
      query_timeout: STATEMENT_TIMEOUT_MS + 1_000,
      options: `-c search_path=${SCHEMA} -c client_connection_check_interval=500`,
    };
  }

  /**
   * Runs `work` with connections of its own, and closes them afterwards: what `work` leaves on them (an open
   * transaction, settings, locks) ends with them. They also close when the signal aborts, and the server ends what runs
   * on them. The tables are there, with their data.
   *
   * @throws {Problem} `database-unavailable`; `busy` if demos use too many connections
   */
  async withClients<T>(
    count: number,
    signal: AbortSignal,
    work: (...clients: [pg.Client, ...pg.Client[]]) => Promise<T>,
  ): Promise<T> {
    return this.#bounded(count, signal, async () => {
      const clients = Array.from({ length: count }, () => this.#createClient());
      const close = () => {
        for (const client of clients) client.connection.stream.destroy();
      };
      signal.addEventListener('abort', close, { once: true });
      try {
        await Promise.all(clients.map((client) => client.connect()));
        return await work(...(clients as [pg.Client, ...pg.Client[]]));
      } finally {
        signal.removeEventListener('abort', close);
        await Promise.all(clients.map((client) => client.end()));
      }
    });
  }

  /** Runs `work` with a pool of at most `max` connections, and closes it afterwards. */
  async withPool<T>(
    options: pg.PoolConfig & { readonly max: number },
    signal: AbortSignal,
    work: (pool: pg.Pool) => Promise<T>,
  ): Promise<T> {
    return this.#bounded(options.max, signal, async () => {
      const pool = new pg.Pool({ ...this.config, ...options });
      pool.on('error', () => undefined); // a statement that needs the connection fails, too
      try {
        return await work(pool);
      } finally {
        await pool.end();
      }
    });
  }

  #createClient(): pg.Client {
    const client = new pg.Client(this.config);
    client.on('error', () => undefined); // the statement that is running rejects with it
    return client;
  }

  async #bounded<T>(connections: number, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    return this.#resources.budgets.connections.use(connections, signal, async () => {
      try {
        this.#seeded ??= this.#seed();
        await this.#seeded;
        return await work();
      } catch (error) {
        throw signal.aborted ? signal.reason : toProblem(error);
      }
    });
  }

  async #seed(): Promise<void> {
    const client = this.#createClient();
    try {
      await client.connect();
      await seed(client);
    } catch (error) {
      this.#seeded = undefined; // the next request tries again
      throw error;
    } finally {
      await client.end();
    }
  }
}

export const scratchDatabaseOf = perService((resources) => new ScratchDatabase(resources));
