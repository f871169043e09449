import { describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { readEnvironment } from '../src/config.ts';
import { ConfigError, readConfig } from '../src/config/read.ts';
import type { Variables } from '../src/config/variable.ts';
import { variables } from '../src/config/variables.ts';
import { featureVariables } from '../src/features.ts';
import { root } from './support/program.ts';

const declared = { ...variables, ...featureVariables };

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    readConfig(env, featureVariables);
  } catch (error) {
    if (error instanceof ConfigError) return error.faults;
    throw error;
  }
  return [];
}

describe('configuration', () => {
  test('has defaults that are valid, in development and in production', () => {
    expect(faultsOf({})).toEqual([]);
    expect(faultsOf({ NODE_ENV: 'production' })).toEqual([]);
  });

  test('names every bad variable at once', () => {
    const bad = Object.fromEntries(Object.keys(declared).map((name) => [name, '!?']));
    const faults = faultsOf(bad);
    for (const name of Object.keys(declared)) {
      expect(faults.some((fault) => fault.startsWith(`${name} must be `))).toBe(true);
    }
  });

  test('shows what a bad value is, but not that of a secret', () => {
    const variable = {
      doc: 'For this test.',
      expects: 'long',
      default: 'long enough',
      schema: z.string().min(8),
    } as const;
    const faults = (extra: Variables) => {
      try {
        readConfig({ KEY: 'hunter2' }, extra);
      } catch (error) {
        return String(error);
      }
      return '';
    };
    expect(faults({ KEY: variable })).toContain('KEY must be long; it is "hunter2"');
    expect(faults({ KEY: { ...variable, secret: true } })).toMatch(/KEY must be long; (?!.*hunter2)/);
  });

  test.each([
    ['PORT', '65536'],
    ['PORT', '-1'],
    ['PORT', '3000x'],
    ['PORT', '1e3'],
    ['PORT', '0x10'],
    ['WORKERS', '129'],
    ['WORKERS', 'many'],
    ['TRUST_PROXY', 'true'],
    ['TRUST_PROXY', '10.0.0.0/33'],
    ['TRUST_PROXY', '0.0.0.0/0'],
    ['TRUST_PROXY', '10.0.0.0/8/8'],
    ['HOST', 'a b'],
    ['LOG_LEVEL', 'INFO'],
  ])('refuses %s=%s', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringContaining(name)]);
  });

  test('refuses values that are right alone and wrong together', () => {
    expect(faultsOf({ SHUTDOWN_SETTLE_MS: '5000', SHUTDOWN_TIMEOUT_MS: '5000' })).toHaveLength(1);
    expect(faultsOf({ PORT: '4000', MANAGEMENT_PORT: '4000' })).toHaveLength(1);
    expect(faultsOf({ HEADERS_TIMEOUT_MS: '600000', REQUEST_TIMEOUT_MS: '1000' })).toHaveLength(1);
  });

  test('takes an empty value for none, and cannot be changed', () => {
    const config = readConfig({ PORT: '', TRUST_PROXY: 'loopback, 10.0.0.0/8' });
    expect(config.PORT).toBe(3000);
    expect(config.TRUST_PROXY).toEqual(['loopback', '10.0.0.0/8']);
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('is stricter in production', () => {
    expect(readConfig({ NODE_ENV: 'production' }).RATE_LIMIT_MAX).toBe(600);
    expect(readConfig({ NODE_ENV: 'production ' }).RATE_LIMIT_MAX).toBe(600);
    expect(readConfig({}).RATE_LIMIT_MAX).toBe(10_000_000);
  });

  test('a .env that cannot be read is a fault of the configuration', () => {
    expect(() => readEnvironment(root)).toThrow(ConfigError);
  });
});
