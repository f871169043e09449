import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { startLocalServer } from '../../src/database/local-server.ts';
import type { LocalService } from '../../src/supervision/local-services.ts';
import { query } from '../support/database.ts';
import { isAlive, root, until } from '../support/program.ts';

let folder: string;
const running: LocalService[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'local-server-'));
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((server) => server.stop()));
  rmSync(folder, { recursive: true, force: true });
});

async function start(name = ''): Promise<LocalService> {
  const server = await startLocalServer({
    folder: join(folder, name),
    maxConnections: 20,
    graceMs: 0,
    settings: ['fsync=off'],
  });
  running.push(server);
  return server;
}

const urlOf = (server: LocalService) => server.environment['DATABASE_URL'] ?? '';

async function stop(server: LocalService): Promise<void> {
  running.splice(running.indexOf(server), 1);
  await server.stop();
}

function postmasterPid(): number {
  return Number(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0]);
}

test('keeps its data over a restart, and refuses a second server in the same folder', async () => {
  const first = await start();
  await query(urlOf(first), ['create table kept (id int)', 'insert into kept values (7)']);
  const log = readFileSync(join(folder, 'log'), 'utf8');
  await expect(start()).rejects.toMatchObject({
    exitCode: 69,
    message: `Another PostgreSQL server uses ${folder}/data. Stop the service that runs there, choose another PORT, or set DATABASE_URL.`,
  });
  expect(readFileSync(join(folder, 'log'), 'utf8').startsWith(log)).toBe(true);
  await query(urlOf(first), ['select 1']);
  await stop(first);

  const second = await start();
  expect(await query(urlOf(second), ['select id from kept'])).toEqual([{ id: 7 }]);
});

test('starts again after a crash', async () => {
  const server = await start();
  const exited = new Promise((resolve) => {
    server.onExit = resolve;
  });
  process.kill(postmasterPid(), 'SIGKILL');
  await exited;
  await server.restart();
  await query(urlOf(server), ['select 1']);
});

test('refuses data of another version and leaves it as it is', async () => {
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data/PG_VERSION'), '17\n');
  await expect(start()).rejects.toMatchObject({
    exitCode: 78,
    message: expect.stringMatching(
      /^The data in .*data is of PostgreSQL 17, and this server is PostgreSQL 18\. Move the folder away/,
    ) as unknown,
  });
  expect(readdirSync(join(folder, 'data'))).toEqual(['PG_VERSION']);
});

test('creates its data after a start that was interrupted', async () => {
  const gone = spawn('/bin/true');
  await once(gone, 'exit');
  const unfinished = join(folder, `data.new-${gone.pid}`);
  mkdirSync(unfinished);
  writeFileSync(join(unfinished, 'PG_VERSION'), '18\n');
  const server = await start();
  await query(urlOf(server), ['select 1']);
  expect(existsSync(unfinished)).toBe(false);
});

test('runs next to another one, also where the path is too long for a socket', async () => {
  const [one, other] = await Promise.all([start('3000'), start('ü'.repeat(60))]);
  expect(urlOf(one)).not.toBe(urlOf(other));
  await query(urlOf(one), ['create table only_here (id int)']);
  await expect(query(urlOf(other), ['select from only_here'])).rejects.toThrow('does not exist');
});

/** Runs a server in the folder that it is given until its process ends. */
const PROGRAM = `
  const { startLocalServer } = await import(${JSON.stringify(`${root}src/database/local-server.ts`)});
  await startLocalServer({ folder: process.argv[1], maxConnections: 20, graceMs: 1000 });
  console.log('ready');
  setInterval(() => undefined, 1000);
`;

test('ends with its process when that is killed, and a start right after it waits for that', async () => {
  const parent = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, folder]);
  await once(parent.stdout, 'data');
  const pid = postmasterPid();
  const url = `postgres://postgres@/postgres?host=${encodeURIComponent(join(folder, 'socket'))}`;
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => undefined);
  await client.connect();
  parent.kill('SIGKILL');
  await once(parent, 'exit');
  await until('the shutdown', () =>
    readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').includes('stopping') ? true : undefined,
  );
  const server = await start(); // the connected client delays the end of the first one
  expect(isAlive(pid)).toBe(false);
  await query(urlOf(server), ['select 1']);
  await client.end();
});

/** The tests of root run the server as another user than this one; without root they are those of an ordinary user. */
const ordinary = { uid: 65_534, gid: 65_534 };
const mayRead = spawnSync(process.execPath, ['--version'], { ...ordinary, cwd: root }).status === 0;

// Not root: nothing to change to. Not readable: a clone below /root, say, which an ordinary user could not run either.
(process.getuid?.() === 0 && mayRead ? test : test.skip)(
  'runs as the ordinary user that starts it',
  async () => {
    chownSync(folder, ordinary.uid, ordinary.gid);
    const parent = spawn(process.execPath, ['--input-type=module', '-e', PROGRAM, folder], ordinary);
    let errors = '';
    parent.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
    const exited = once(parent, 'exit');
    await Promise.race([once(parent.stdout, 'data'), exited]);
    expect(errors).toBe('');
    const status = readFileSync(`/proc/${postmasterPid()}/status`, 'utf8');
    expect(/^Uid:\s+(\d+)/m.exec(status)?.[1]).toBe(String(ordinary.uid));
    parent.kill('SIGTERM');
    await exited;
    await until('the end', () => (existsSync(join(folder, 'data/postmaster.pid')) ? undefined : true));
  },
);
