import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import pg from 'pg';
import { startLocalServer } from '../../src/database/local-server.ts';
import type { LocalService } from '../../src/supervision/local-services.ts';
import type { Sandbox } from './sandbox.ts';

type Environment = Readonly<Record<string, string>>;

/** A PostgreSQL server of a fault's own. Pass its `url` to the program as `DATABASE_URL`. */
export class DatabaseServer implements AsyncDisposable {
  readonly url: string;
  readonly #sandbox: Sandbox;
  readonly #environment: Environment;
  #service: LocalService;
  #running = true;

  private constructor(service: LocalService, sandbox: Sandbox, environment: Environment) {
    this.#service = service;
    this.#sandbox = sandbox;
    this.#environment = environment;
    this.url = service.environment['DATABASE_URL'] ?? '';
  }

  /** @param environment further variables of the server */
  static async start(sandbox: Sandbox, environment: Environment = {}): Promise<DatabaseServer> {
    const server = new DatabaseServer(await launch(sandbox, environment), sandbox, environment);
    sandbox.use(server);
    return server;
  }

  /** Disconnects all clients and stops. */
  async stop(): Promise<void> {
    this.#running = false;
    await this.#service.stop();
  }

  async startAgain(): Promise<void> {
    this.#service = await launch(this.#sandbox, this.#environment);
    this.#running = true;
  }

  /** Sends SIGSTOP or SIGCONT to all of its processes. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    for (const pid of databaseProcesses(this.#sandbox)) {
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

/** The ids of the processes of all database servers: each works in its data folder. */
export function databaseProcesses(sandbox: Sandbox): number[] {
  return sandbox.processes('.data/');
}

function launch(sandbox: Sandbox, environment: Environment): Promise<LocalService> {
  return startLocalServer({
    folder: sandbox.path('.data/own'),
    maxConnections: 100,
    graceMs: 0,
    environment,
  });
}
