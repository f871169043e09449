import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { isLoopback, readArguments, UsageError } from './arguments.ts';

const known = ['block', 'reload'];
const read = (...args: string[]) => readArguments(args, known);

describe('the command line', () => {
  test('selects no scenario by default, all with "all", and named ones in the order of the list', () => {
    expect(read().names).toEqual([]);
    expect(read('all').names).toEqual(known);
    expect(read('reload', 'block').names).toEqual(known);
    expect(read('reload', '--short')).toMatchObject({ names: ['reload'], short: true });
  });

  test('rejects an unknown scenario or option by name', () => {
    expect(() => read('blok')).toThrow('Unknown scenario "blok": choose from all, block, reload.');
    expect(() => read('--shrot')).toThrow(/'--shrot'; see npm run load -- --help/);
    expect(() => read('--shrot')).toThrow(UsageError);
  });

  test.each(['http://localhost:3000', 'http://127.0.0.1:3000', 'http://127.9.9.9', 'http://[::1]:3000'])(
    'accepts %s, which is this machine',
    (url) => expect(read('block', '--url', url).url).toBe(url),
  );

  test.each([
    'http://example.com',
    'http://10.0.0.1:3000',
    'http://0.0.0.0:3000',
    'http://localhost.example.com',
    'http://127.0.0.1.nip.io',
    'http://[2001:db8::1]',
    // 8.8.8.8 as one number, as URLs allow it.
    'http://134744072',
  ])('rejects %s without --i-own-this-host', (url) => {
    expect(() => read('block', '--url', url)).toThrow(/is not a loopback address.*--i-own-this-host/);
    expect(read('block', '--url', url, '--i-own-this-host').url).toBeDefined();
  });

  test('checks the management address in the same way', () => {
    const both = ['block', '--url', 'http://127.0.0.1:1', '--management-url'];
    expect(() => read(...both, 'http://example.com')).toThrow(/example\.com is not a loopback address/);
    expect(read(...both, 'http://127.0.0.1:2').managementUrl).toBe('http://127.0.0.1:2');
    expect(() => read('block', '--management-url', 'http://127.0.0.1:2')).toThrow(/--url/);
  });

  test.each(['ftp://127.0.0.1', 'https://127.0.0.1', '127.0.0.1:3000', 'http://127.0.0.1/path', 'nonsense'])(
    'rejects "%s" as an address',
    (url) => expect(() => read('block', '--url', url)).toThrow(/--url takes an address such as/),
  );

  test('reads an earlier report for --compare and rejects any other file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'load-arguments-'));
    try {
      const file = (name: string, text: string) => {
        writeFileSync(join(folder, name), text);
        return join(folder, name);
      };
      const report = file('good.json', JSON.stringify({ format: 1, scenarios: [] }));
      expect(read('block', '--compare', report).earlier).toEqual({ format: 1, scenarios: [] });
      for (const bad of [
        file('other.json', '{"format":99,"scenarios":[]}'),
        file('text', 'x'),
        join(folder, 'no'),
      ]) {
        expect(() => read('block', '--compare', bad)).toThrow(/--compare takes the JSON report/);
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('isLoopback() rejects names that only look like this machine', () => {
  expect(['localhost', '127.1.2.3', '[::1]', '::1'].map(isLoopback)).toEqual([true, true, true, true]);
  expect(['localhost.', 'localhosts', '128.0.0.1', '[::2]', ''].map(isLoopback)).toEqual(
    Array.from({ length: 5 }, () => false),
  );
});
