import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { isLoopback, readArguments, UsageError } from './arguments.ts';

const known = ['block', 'reload'];
const read = (...args: string[]) => readArguments(args, known);

describe('the command line', () => {
  test('without a name chooses nothing, with all everything, else what is named, in the order of the list', () => {
    expect(read().names).toEqual([]);
    expect(read('all').names).toEqual(known);
    expect(read('reload', 'block').names).toEqual(known);
    expect(read('reload', '--short')).toMatchObject({ names: ['reload'], short: true });
  });

  test('names what it does not know and says what there is', () => {
    expect(() => read('blok')).toThrow('There is no scenario «blok»; choose from all, block, reload.');
    expect(() => read('--shrot')).toThrow(/'--shrot'.*--help says what there is/);
    expect(() => read('--shrot')).toThrow(UsageError);
  });

  test.each(['http://localhost:3000', 'http://127.0.0.1:3000', 'http://127.9.9.9', 'http://[::1]:3000'])(
    'lets %s be loaded: it is this machine',
    (url) => expect(read('block', '--url', url).url).toBe(url),
  );

  test.each([
    'http://example.com',
    'http://10.0.0.1:3000',
    'http://0.0.0.0:3000',
    'http://localhost.example.com',
    'http://127.0.0.1.nip.io',
    'http://[2001:db8::1]',
    // An address in disguise is read as the URL standard does.
    'http://134744072',
  ])('refuses %s, unless its owner says so', (url) => {
    expect(() => read('block', '--url', url)).toThrow(/is not this machine.*--i-own-this-host/);
    expect(read('block', '--url', url, '--i-own-this-host').url).toBeDefined();
  });

  test('guards the management port alike', () => {
    const both = ['block', '--url', 'http://127.0.0.1:1', '--management-url'];
    expect(() => read(...both, 'http://example.com')).toThrow(/example\.com is not this machine/);
    expect(read(...both, 'http://127.0.0.1:2').managementUrl).toBe('http://127.0.0.1:2');
    expect(() => read('block', '--management-url', 'http://127.0.0.1:2')).toThrow(/--url/);
  });

  test.each(['ftp://127.0.0.1', 'https://127.0.0.1', '127.0.0.1:3000', 'http://127.0.0.1/path', 'nonsense'])(
    'says what an address looks like, not «%s»',
    (url) => expect(() => read('block', '--url', url)).toThrow(/--url takes an address such as/),
  );

  test('takes an earlier report to compare with, and nothing else', () => {
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
        expect(() => read('block', '--compare', bad)).toThrow(
          /--compare takes the JSON that a run has written/,
        );
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

test('a name that only looks like this machine is not', () => {
  expect(['localhost', '127.1.2.3', '[::1]', '::1'].map(isLoopback)).toEqual([true, true, true, true]);
  expect(['localhost.', 'localhosts', '128.0.0.1', '[::2]', ''].map(isLoopback)).toEqual(
    Array.from({ length: 5 }, () => false),
  );
});
