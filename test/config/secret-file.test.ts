import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { ConfigError, readConfig, readSettings, type Environment } from '../../src/config/config.ts';
import { configOf, text } from '../../src/config/declare.ts';
import type { ClusterView } from '../../src/supervision/supervision.ts';
import { Program } from '../support/program.ts';

const folder = await mkdtemp(join(tmpdir(), 'secret-files-'));
afterAll(() => rm(folder, { recursive: true }));

const KEY = 'k3y-of-the-service';
const declared = {
  KEY: text({ doc: 'A key.', default: '', pattern: /^.{8,}$/, expects: 'a key', secret: true }),
};
const keyOf = (environment: Environment) => configOf(declared, readConfig(environment, declared)).KEY;

async function file(name: string, content: string | Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

function faultsOf(environment: Environment): readonly string[] {
  try {
    readConfig(environment, declared);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('a secret in a file', () => {
  test.each([KEY, `${KEY}\n`, `${KEY}\r\n`, `\ufeff${KEY}\n`])('is read from %j', async (content) => {
    expect(keyOf({ KEY_FILE: await file('good', content) })).toBe(KEY);
  });

  test('may have an empty variable next to it, and counts as not set if its own is empty', async () => {
    expect(keyOf({ KEY: '', KEY_FILE: await file('good', KEY) })).toBe(KEY);
    expect(keyOf({ KEY, KEY_FILE: ' ' })).toBe(KEY);
  });

  test('is checked like any value, and is not shown', async () => {
    const faults = faultsOf({ KEY_FILE: await file('short', 'sh0rt') });
    expect(faults).toEqual(['KEY must be a key; its value is hidden']);
  });

  test('excludes the variable itself', async () => {
    const faults = faultsOf({ KEY, KEY_FILE: await file('good', KEY) });
    expect(faults).toEqual(['KEY and KEY_FILE must not both be set']);
  });

  test.each([
    ['does not exist', () => join(folder, 'nothing'), 'ENOENT'],
    ['is a folder', () => folder, 'file'],
    ['is a device', () => '/dev/zero', 'file'],
    ['is empty', () => file('empty', '\n'), 'not empty'],
    ['is not text', () => file('binary', Buffer.of(0xff, 0xfe, 0xff)), 'text'],
    ['is too large', () => file('large', 'x'.repeat(70_000)), '65536 bytes'],
  ])('is a fault that names the variable if the file %s', async (_what, path, reason) => {
    const faults = faultsOf({ KEY_FILE: await path() });
    expect(faults).toEqual([expect.stringMatching(/^KEY_FILE must /)]);
    expect(faults[0]).toContain(reason);
  });

  test('is not shown if it was given in place of the path', () => {
    const faults = faultsOf({ KEY_FILE: 'postgres://user:pa55word@host/db' });
    expect(faults.join()).not.toContain('pa55word');
  });

  test('is passed to workers as a file', async () => {
    const KEY_FILE = await file('good', KEY);
    const { environment } = readSettings({ KEY_FILE, OTHER_FILE: 'x' }, declared);
    expect(environment).toEqual({ KEY_FILE });
  });

  test('cannot be a variable that is not secret', async () => {
    expect(readConfig({ PORT_FILE: await file('port', '4000') }).PORT).toBe(3000);
  });
});

describe('the service', () => {
  test('exits with code 78 and names the variables whose files cannot be read', async () => {
    await using program = Program.launch({
      MANAGEMENT_TOKEN_FILE: join(folder, 'nothing'),
      REDIS_URL: 'redis://localhost',
      REDIS_URL_FILE: await file('redis', 'redis://localhost'),
    });
    expect((await program.exited).code).toBe(78);
    expect(program.errors).toContain('MANAGEMENT_TOKEN_FILE must');
    expect(program.errors).toContain('REDIS_URL and REDIS_URL_FILE must not both be set');
  });

  test('reads a file again when it reloads, and its workers do not have the secret in their environment', async () => {
    const path = await file('token', 'the-first-management-token');
    await using program = await Program.start({ WORKERS: '1', MANAGEMENT_TOKEN_FILE: path });
    const call = (method: string, target: string, token: string) =>
      fetch(program.managementUrl + target, { method, headers: { authorization: `Bearer ${token}` } });
    expect((await call('GET', '/workers', 'the-first-management-token')).status).toBe(200);

    await file('token', 'the-second-management-token\n');
    expect((await call('POST', '/reload', 'the-first-management-token')).status).toBe(200);
    expect((await call('GET', '/workers', 'the-first-management-token')).status).toBe(401);
    const { workers } = (await (
      await call('GET', '/workers', 'the-second-management-token')
    ).json()) as ClusterView;
    const environment = await readFile(`/proc/${workers.at(-1)?.pid}/environ`, 'utf8');
    expect(environment).toContain(`MANAGEMENT_TOKEN_FILE=${path}`);
    expect(environment).not.toContain('the-second');

    await writeFile(path, 'short');
    const refused = await call('POST', '/reload', 'the-second-management-token');
    expect(refused.status).toBe(500);
    expect(JSON.stringify(await refused.json())).toContain('MANAGEMENT_TOKEN must');
    expect((await call('GET', '/workers', 'the-second-management-token')).status).toBe(200);
  });
});
