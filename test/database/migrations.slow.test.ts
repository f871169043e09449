import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import pg from 'pg';
import { type Migration, readMigrations } from '../../src/database/migrations.ts';
import { checkVersion, prepareSchema } from '../../src/database/prepare-schema.ts';
import { variables } from '../../src/database/variables.ts';
import { createTestDatabase, query, type TestDatabase } from '../support/database.ts';

let place: TestDatabase;
beforeEach(async () => {
  place = await createTestDatabase();
  await query(place.url, ['drop schema public cascade', 'create schema public']);
});
afterEach(async () => {
  await place[Symbol.asyncDispose]();
});

function migration(name: string, sql: string): Migration {
  return { name, sql, hash: createHash('sha256').update(sql).digest('hex') };
}

const first = migration('0001-first', 'create table first (id int); select pg_sleep(0.05)');
const second = migration('0002-second', 'alter table first add title text');

function prepare(
  migrations: readonly Migration[],
  options: { migrate?: boolean; allowNewer?: boolean } = {},
) {
  return prepareSchema({
    url: place.url,
    name: 'tests',
    migrate: true,
    allowNewer: false,
    migrations,
    ...options,
  });
}

const rowsOf = (sql: string): Promise<unknown[]> => query(place.url, [sql]);

describe('migrations', () => {
  test('are applied once each by ten processes that start together', async () => {
    const results = await Promise.all(Array.from({ length: 10 }, () => prepare([first, second])));
    const applied = results.flatMap((result) => ('applied' in result ? result.applied : []));
    expect(applied.toSorted()).toEqual(['0001-first', '0002-second']);
    expect(await rowsOf('select name from migrations order by name')).toHaveLength(2);
  });

  test('are refused if a file has changed, and nothing is applied', async () => {
    await prepare([first]);
    const changed = migration('0001-first', 'create table other (id int)');
    await expect(prepare([changed, second])).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('an earlier version of 0001-first. Restore the file') as unknown,
    });
    expect(await rowsOf('select from migrations')).toHaveLength(1);
  });

  test('refuse a schema that is newer than the code, except for a worker that replaces a failed one', async () => {
    await prepare([first, second]);
    await expect(prepare([first])).rejects.toMatchObject({
      exitCode: 78,
      message: expect.stringContaining('0002-second, which this version') as unknown,
    });
    expect(await prepare([first], { allowNewer: true })).toEqual({ applied: [] });
  });

  test('that fail leave nothing of their file, and keep those before it', async () => {
    const failing = migration('0002-failing', 'create table half (id int); select nothing');
    await expect(prepare([first, failing])).rejects.toMatchObject({
      exitCode: 70,
      message:
        'The migration 0002-failing failed, and nothing of it was applied: column "nothing" does not exist',
    });
    expect(await rowsOf('select name from migrations')).toEqual([{ name: '0001-first' }]);
    expect(await rowsOf(`select to_regclass('half') as half`)).toEqual([{ half: null }]);
  });

  test('are only named if they may not be applied', async () => {
    expect(await prepare([first, second], { migrate: false })).toEqual({
      missing: ['0001-first', '0002-second'],
    });
    expect(await rowsOf(`select to_regclass('migrations') as it`)).toEqual([{ it: null }]);
  });

  test('of the service are applied to an empty database', async () => {
    expect(await prepare(readMigrations())).toMatchObject({
      applied: expect.arrayContaining(['0001-create-tasks']) as unknown,
    });
  });
});

describe('the configuration', () => {
  test.each(['14.9', '9.6.24', ''])('refuses a server of version "%s"', (version) => {
    expect(() => checkVersion(version)).toThrow('needs 15 or newer');
  });
  test.each(['15.20 (Debian 15.20-0+deb12u1)', '18.4', '19beta1'])(
    'accepts a server of version "%s"',
    (version) => {
      expect(() => checkVersion(version)).not.toThrow();
    },
  );

  test.each([
    'mysql://user@host/db',
    'host/db',
    'postgres:db',
    'postgres:/db',
    'postgres://host',
    'postgres://host/',
    'postgres://host/a/b',
    'postgres://user:p#ss@host/db',
    'postgres://user:p/ss@host/db',
    'postgres://user:p%ss@host/db',
    'postgres://user:word@/x@host/db',
    'postgres://user@:5432/db',
    'postgres://host:99999/db',
    'postgres://one:5432,two:5432/db',
    '/run/postgresql db',
    'host=localhost dbname=db',
  ])('refuses the URL "%s"', (url) => {
    expect(variables.DATABASE_URL.schema.safeParse(url).success).toBe(false);
  });

  test.each([
    'postgres://user:pass@host:5432/db',
    'postgresql://host/db?sslmode=verify-full',
    'postgres://user@/db?host=/run/postgresql',
    'postgres:///db?host=/run/postgresql',
    'postgres://user@%2Frun%2Fpostgresql/db',
    'postgres://user:p%23ss@[::1]:5432/db',
  ])('accepts the URL "%s"', (url) => {
    expect(variables.DATABASE_URL.schema.safeParse(url).success).toBe(true);
    expect(() => new pg.Client({ connectionString: url })).not.toThrow();
  });
});
