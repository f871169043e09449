import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { ConfigError, readConfig, readSettings, type Environment } from '../../src/config/config.ts';
import { configOf, text } from '../../src/config/declare.ts';
import { Program, until } from '../support/program.ts';

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
      WEBHOOK_SECRET_FILE: join(folder, 'nothing'),
      REDIS_URL: 'redis://localhost',
      REDIS_URL_FILE: await file('redis', 'redis://localhost'),
    });
    expect((await program.exited).code).toBe(78);
    expect(program.errors).toContain('WEBHOOK_SECRET_FILE must');
    expect(program.errors).toContain('REDIS_URL and REDIS_URL_FILE must not both be set');
  });

  test('reads a file again when it reloads, and its workers do not have the secret in their environment', async () => {
    const own = await mkdtemp(join(folder, 'service-'));
    const path = await file('cookie', 'first-key-of-the-cookies');
    await using program = await Program.start({ WORKERS: '1', COOKIE_SECRET_FILE: path }, own);
    const keyId = async () => {
      const response = await program.get('/demos/security/cookies');
      return /__Host-visits=\d+\.([^.]+)\./.exec(response.headers.get('set-cookie') ?? '')?.[1];
    };
    const first = await keyId();
    await file('cookie', 'second-key-of-the-cookies\n');
    const { pid } = (await program.readyWorkers(1))[0] ?? { pid: 0 };
    expect((await fetch(`${program.managementUrl}/reload`, { method: 'POST' })).status).toBe(200);
    const second = await until('a cookie of the other key', async () => {
      const now = await keyId();
      return now === first ? undefined : now;
    });
    expect(second).toMatch(/\w/);
    const worker = (await program.readyWorkers(1))[0] ?? { pid: 0 };
    expect(worker.pid).not.toBe(pid);
    const environment = await readFile(`/proc/${worker.pid}/environ`, 'utf8');
    expect(environment).toContain(`COOKIE_SECRET_FILE=${path}`);
    expect(environment).not.toContain('key-of-the-cookies');

    await writeFile(path, 'short');
    const refused = await fetch(`${program.managementUrl}/reload`, { method: 'POST' });
    expect(refused.status).toBe(500);
    expect(JSON.stringify(await refused.json())).toContain('COOKIE_SECRET must');
    expect(await keyId()).toBe(second);
  });
});
