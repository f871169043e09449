import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

declare module 'pg' {
  interface ClientBase {
    // Its types lack them. `activeQuery` of a client itself is deprecated.
    readonly processID: number;
    readonly secretKey: number;
    /** Asks the server to end a statement of another connection. */
    cancel(
      client: Pick<ClientBase, 'processID' | 'secretKey'> & { readonly activeQuery: pg.Query },
      query: pg.Query,
    ): void;
  }
}

interface RunningStatement {
  readonly client: pg.PoolClient;
  readonly query: pg.Query;
  /** Settles when the statement has ended. */
  readonly ended: Promise<unknown>;
  /** How to connect to the server. */
  readonly config: pg.ClientConfig;
}

/** A canceled statement ends within this time, or its connection is closed. */
const CANCEL_TIMEOUT_MS = 1_000;

/**
 * Asks the server, on a connection of its own, to end a statement; closes the statement's connection if that fails.
 * https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-CANCELING-REQUESTS
 *
 * @returns when the server has ended the statement and has no request to end it anymore
 */
export async function cancelStatement({ client, query, ended, config }: RunningStatement): Promise<void> {
  const canceler = new pg.Client(config);
  canceler.connection.on('error', () => undefined); // the time limit is left
  const done = Promise.allSettled([ended, once(canceler.connection, 'end')]);
  const { processID, secretKey } = client;
  canceler.cancel({ activeQuery: query, processID, secretKey }, query);
  const inTime = await Promise.race([done.then(() => true), sleep(CANCEL_TIMEOUT_MS, false, { ref: false })]);
  if (inTime) return;
  client.connection.stream.destroy();
  canceler.connection.stream.destroy();
}
