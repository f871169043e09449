import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { startLocalServer } from '../../src/database/local-server.ts';
import type { LocalService } from '../../src/supervision/local-services.ts';

interface ServerOptions {
  /** Holds its data. */
  readonly folder: string;
  /** All of its processes. */
  readonly processes: () => readonly number[];
  /** Variables of its environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** A PostgreSQL server of a fault's own, which the service under test uses by `DATABASE_URL`. */
export class DatabaseServer implements AsyncDisposable {
  readonly url: string;
  #service: LocalService;
  readonly #options: ServerOptions;
  #running = true;

  private constructor(service: LocalService, options: ServerOptions) {
    this.#service = service;
    this.#options = options;
    this.url = service.environment['DATABASE_URL'] ?? '';
  }

  static async start(options: ServerOptions): Promise<DatabaseServer> {
    return new DatabaseServer(await launch(options), options);
  }

  /** Disconnects all clients and stops. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#service.stop();
  }

  async startAgain(): Promise<void> {
    this.#service = await launch(this.#options);
    this.#running = true;
  }

  /** Sends SIGSTOP or SIGCONT to all of its processes. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const pid of this.#options.processes()) {
      try {
        process.kill(pid, signal);
      } catch {
        // Its client has just disconnected, so it has exited.
      }
    }
  }

  /** Runs a statement on a connection of its own. */
  async query<Row extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []): Promise<Row[]> {
    const client = await this.connect();
    try {
      return (await client.query<Row>(text, [...values])).rows;
    } finally {
      await client.end();
    }
  }

  async connect(): Promise<pg.Client> {
    const client = new pg.Client({ connectionString: this.url, application_name: 'fault' });
    client.on('error', () => undefined); // the server is stopped on purpose
    await client.connect();
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#running) return;
    this.signal('SIGCONT');
    await this.stop();
  }
}

/** The id of the first process of the server that `npm start` runs in a folder. */
export function readServerPid(folder: string): number {
  return Number(readFileSync(join(folder, '.data/postgres/0/data/postmaster.pid'), 'utf8').split('\n')[0]);
}

function launch({ folder, environment = {} }: ServerOptions): Promise<LocalService> {
  return startLocalServer({ folder, maxConnections: 100, graceMs: 0, environment });
}
