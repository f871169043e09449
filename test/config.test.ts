import { describe, expect, test } from '@jest/globals';
import { readEnvironment } from '../src/config.ts';
import { ConfigError, readConfig, type Environment } from '../src/config/read.ts';
import { variables } from '../src/config/variables.ts';
import { featureVariables } from '../src/features.ts';
import { badValues } from './support/bad-values.ts';
import { testEnvironment } from './support/environment.ts';
import { root } from './support/program.ts';

/** Of this service, with what its tests run with. */
const read = (env: Environment) => readConfig({ ...testEnvironment, ...env }, featureVariables);

function faultsOf(env: Environment): readonly string[] {
  try {
    read(env);
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
    const bad = badValues({ ...variables, ...featureVariables });
    const faults = faultsOf(bad);
    expect(faults.map((fault) => fault.split(' must be ')[0])).toEqual(Object.keys(bad));
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
    ['TRUST_PROXY', '::/0'],
    ['TRUST_PROXY', '::ffff:0:0/96'],
    ['TRUST_PROXY', '::/1'],
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
    const config = read({
      PORT: '',
      TRUST_PROXY: 'loopback, 10.0.0.0/8, 2001:db8::/32, ::ffff:10.0.0.0/104',
    });
    expect(config.PORT).toBe(3000);
    expect(config.TRUST_PROXY).toEqual(['loopback', '10.0.0.0/8', '2001:db8::/32', '::ffff:10.0.0.0/104']);
    expect(Object.isFrozen(config)).toBe(true);
  });

  test('is stricter in production', () => {
    expect(read({ NODE_ENV: 'production' }).RATE_LIMIT_MAX).toBe(600);
    expect(read({ NODE_ENV: 'production ' }).RATE_LIMIT_MAX).toBe(600);
    expect(read({}).RATE_LIMIT_MAX).toBe(10_000_000);
  });

  test('a .env that cannot be read is a fault of the configuration', () => {
    expect(() => readEnvironment(root)).toThrow(ConfigError);
  });
});
