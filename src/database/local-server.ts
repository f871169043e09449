/**
 * A PostgreSQL server for development and tests: a child process on a Unix socket, without a network port or a password.
 * It ends with this process, whatever that dies of.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { exitCodes } from '../supervision/exit-codes.ts';
import type { LocalService } from '../supervision/local-services.ts';
import { StartError } from '../supervision/start-failure.ts';
import { prepareFiles, type LocalFiles } from './local-files.ts';

interface LocalServerOptions {
  /** Holds the data. One server at a time. */
  readonly folder: string;
  readonly maxConnections: number;
  /** How long connected clients may go on after this process has ended, in milliseconds. */
  readonly graceMs: number;
  /** Server settings such as `fsync=off`. */
  readonly settings?: readonly string[];
  /** Further variables of the server's environment. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Runs the server and holds a pipe to this process. When the pipe closes, for whatever reason, the server stops in three
 * steps: it refuses new connections and lets the clients finish; after the grace time it disconnects them; then it is
 * made to exit. A line on the pipe skips the grace time. When the server has exited, so does the shell that waits.
 * Signals to the process group do not stop it: the workers need it while they drain.
 */
const KEEPER = `
exec 3<&0 </dev/null
trap '' HUP INT TERM
"$@" 3<&- & server=$!
(
  read -r line <&3 && kill -INT $server
  while read -r line <&3; do :; done
  trap 'kill -KILL $nap; exit' USR1
  kill -TERM $server
  sleep "$GRACE_S" & nap=$!; wait $nap
  kill -INT $server
  sleep 5 & nap=$!; wait $nap
  kill -QUIT $server
) >/dev/null 2>&1 & stopper=$!
exec 3<&-
wait $server; code=$?
kill -USR1 $stopper
exit $code
`;

/** Fewer processes and less memory than a server for production. */
const SETTINGS = [
  'listen_addresses=',
  'shared_buffers=32MB',
  'io_method=sync',
  'jit=off',
  'max_worker_processes=0',
  'max_logical_replication_workers=0',
  'wal_level=minimal',
  'max_wal_senders=0',
  'shared_preload_libraries=pg_stat_statements',
];
const RESTART_DELAY_MS = 500;
const READY_POLL_MS = 10;
const READY_TIMEOUT_MS = 30_000;
/** After its grace, a server that is stopping disconnects its clients within this time. */
const STOP_TIMEOUT_MS = 5_000;
const UNFINISHED = '.new-';

/**
 * Starts the server, and creates its data before the first start.
 *
 * @throws {StartError} with a sentence that says what to do
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalService> {
  const files = prepareFiles(options.folder);
  await createData(files);
  let running = await run(files, options);
  let stopping = false;
  const service: LocalService = {
    environment: {
      DATABASE_URL: `postgres://postgres@/postgres?host=${encodeURIComponent(files.socketFolder)}`,
    },
    onExit: () => undefined,
    async restart() {
      await sleep(RESTART_DELAY_MS);
      if (stopping) return;
      running = await run(files, options);
      watch();
    },
    async stop() {
      stopping = true;
      running.child.ref();
      end(running.child);
      await running.exited;
    },
  };
  function watch(): void {
    void running.exited.then(() => {
      if (!stopping) service.onExit(readLog(files));
    });
  }
  watch();
  return service;
}

async function run(
  files: LocalFiles,
  options: LocalServerOptions,
): Promise<{ readonly child: ChildProcess; readonly exited: Promise<unknown> }> {
  await waitUntilStopped(files, options.graceMs);
  const logged = read(files.log).length;
  const child = launch(files, options);
  const exited = once(child, 'exit');
  try {
    await waitUntilReady(files, exited, logged);
  } catch (error) {
    end(child);
    throw error;
  }
  child.unref();
  return { child, exited };
}

async function createData({ bin, data, env, user }: LocalFiles): Promise<void> {
  const versionFile = join(data, 'PG_VERSION');
  if (existsSync(versionFile)) {
    const found = readFileSync(versionFile, 'utf8').trim();
    const { major } = bin;
    if (found !== major) {
      throw new StartError({
        reason: `The data in ${data} is of PostgreSQL ${found}, and this server is PostgreSQL ${major}. Move the folder away to start with an empty database, or set DATABASE_URL.`,
        exitCode: exitCodes.badConfig.code,
      });
    }
    return;
  }
  // Under another name until it is complete: an interrupted start leaves nothing that looks like data.
  removeUnfinished(data);
  const unfinished = `${data}${UNFINISHED}${process.pid}`;
  const child = spawn(
    bin.initdb,
    // prettier-ignore
    ['-D', unfinished, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--locale-provider=builtin', '--locale=C.UTF-8', '--no-sync', '--no-instructions'],
    { ...user, env, stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw unavailable(`PostgreSQL could not create its data in ${data}: ${errors.trim()}`);
  }
  try {
    renameSync(unfinished, data);
  } catch {
    rmSync(unfinished, { recursive: true, force: true }); // another process was faster; it has the server, too
  }
}

/** Removes what interrupted starts did not remove. The `initdb` of one may still be running: it fails then. */
function removeUnfinished(data: string): void {
  const prefix = `${basename(data)}${UNFINISHED}`;
  for (const name of readdirSync(dirname(data)).filter((entry) => entry.startsWith(prefix))) {
    if (isAlive(Number(name.slice(prefix.length)))) continue;
    rmSync(join(dirname(data), name), { recursive: true, force: true, maxRetries: 5 });
  }
}

function launch(
  { bin, data, socketFolder, log, env, user }: LocalFiles,
  { maxConnections, graceMs, settings = [], environment = {} }: LocalServerOptions,
): ChildProcess {
  const all = [...SETTINGS, `max_connections=${maxConnections}`, ...settings];
  const output = openSync(log, 'a'); // the log of a server that runs already stays
  const child = spawn(
    '/bin/sh',
    // prettier-ignore
    ['-c', KEEPER, 'postgres-keeper', bin.postgres, '-D', data, '-k', socketFolder, ...all.flatMap((setting) => ['-c', setting])],
    {
      ...user,
      env: { ...env, ...environment, GRACE_S: String(Math.ceil(graceMs / 1000)) },
      detached: true, // Ctrl-C in the terminal must not reach it
      stdio: ['pipe', output, output],
    },
  );
  closeSync(output);
  child.stdin?.on('error', () => undefined); // it has exited
  return child;
}

/** A line on the pipe: see KEEPER. */
function end(child: ChildProcess): void {
  child.stdin?.end('now\n');
}

/** The eighth line of `postmaster.pid` tells the state of the server, as it does for `pg_ctl`; the first is its id. */
function readState({ data }: LocalFiles): { readonly pid: number; readonly state: string | undefined } {
  const lines = read(join(data, 'postmaster.pid')).split('\n');
  return { pid: Number(lines[0]), state: lines[7]?.trim() };
}

/** The server of a service that was killed stops when the last client has disconnected, or at the end of its grace. */
async function waitUntilStopped(files: LocalFiles, graceMs: number): Promise<void> {
  for (const deadline = performance.now() + graceMs + STOP_TIMEOUT_MS; performance.now() < deadline;) {
    const { pid, state } = readState(files);
    if (state !== 'stopping' || !isAlive(pid)) return;
    await sleep(READY_POLL_MS);
  }
}

async function waitUntilReady(files: LocalFiles, exited: Promise<unknown>, logged: number): Promise<void> {
  const ended = exited.then(() => 'ended' as const);
  for (const deadline = performance.now() + READY_TIMEOUT_MS; performance.now() < deadline;) {
    if ((await Promise.race([ended, sleep(READY_POLL_MS)])) === 'ended') throw notStarted(files, logged);
    // The state may be that of another server in the same folder: this one then exits.
    if (readState(files).state !== 'ready') continue;
    if (read(files.log).slice(logged).includes('ready to accept connections')) return;
  }
  throw unavailable(`PostgreSQL was not ready after ${READY_TIMEOUT_MS} ms: ${readLog(files)}`);
}

function notStarted(files: LocalFiles, logged: number): StartError {
  const log = read(files.log).slice(logged).trim();
  if (/lock file "[^"]*" already exists|pre-existing shared memory block/.test(log)) {
    return unavailable(
      `Another PostgreSQL server uses ${files.data}. Stop the service that runs there, choose another PORT, or set DATABASE_URL.`,
    );
  }
  return unavailable(`PostgreSQL could not start: ${log}`);
}

/** Whether a process exists. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

function unavailable(reason: string): StartError {
  return new StartError({ reason, exitCode: exitCodes.unavailable.code });
}

function readLog({ log }: LocalFiles): string {
  return read(log).trim().slice(-2_000);
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
