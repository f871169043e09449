import { describe, expect, test } from '@jest/globals';
import { ConfigError, readConfig, type Environment } from '../../src/config/config.ts';
import { variables } from '../../src/config/core-variables.ts';
import { featureVariables } from '../../src/features.ts';
import { badValues } from '../support/bad-values.ts';
import { testEnvironment } from '../support/environment.ts';

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

describe('the configuration', () => {
  test.each(['development', 'test', 'production'])('has valid defaults in %s', (NODE_ENV) => {
    expect(faultsOf({ NODE_ENV })).toEqual([]);
  });

  test('reports every invalid variable at once', () => {
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
    ['CORS_ORIGINS', 'null'],
    ['CORS_ORIGINS', 'https://app.example.com/'],
    ['CORS_ORIGINS', 'https://app.example.com:443'],
    ['CORS_ORIGINS', 'https://App.example.com'],
    ['CORS_ORIGINS', 'https://*.example.com'],
    ['CORS_ORIGINS', 'app.example.com'],
    ['CORS_ORIGINS', 'https://user@app.example.com'],
    ['CORS_ORIGINS', 'file:///index.html'],
    ['CORS_ORIGINS', '*, https://app.example.com'],
    ['CORS_ORIGINS', '*,*'],
    ['HOST', 'a b'],
    ['LOG_LEVEL', 'INFO'],
  ])('rejects %s=%s', (name, value) => {
    expect(faultsOf({ [name]: value })).toEqual([expect.stringContaining(name)]);
  });

  test.each([
    { SHUTDOWN_SETTLE_MS: '5000', SHUTDOWN_TIMEOUT_MS: '5000' },
    { PORT: '4000', MANAGEMENT_PORT: '4000' },
    { HEADERS_TIMEOUT_MS: '600000', REQUEST_TIMEOUT_MS: '1000' },
  ])('rejects the contradiction %j', (env) => {
    expect(faultsOf(env)).toHaveLength(1);
  });

  test('rejects pages of any origin together with client certificates', () => {
    const faults = faultsOf({ CORS_ORIGINS: '*', TLS_CLIENT_CA_FILE: 'ca.pem' });
    expect(faults.join()).toContain('CORS_ORIGINS must not be * with TLS_CLIENT_CA_FILE');
  });

  test('uses the default for an empty value', () => {
    expect(read({ PORT: '' }).PORT).toBe(3000);
  });

  test('accepts names and networks of proxies', () => {
    const { TRUST_PROXY } = read({ TRUST_PROXY: 'loopback, 10.0.0.0/8, 2001:db8::/32, ::ffff:10.0.0.0/104' });
    expect(TRUST_PROXY).toEqual(['loopback', '10.0.0.0/8', '2001:db8::/32', '::ffff:10.0.0.0/104']);
  });

  test('accepts origins as browsers send them', () => {
    const { CORS_ORIGINS } = read({ CORS_ORIGINS: 'https://app.example.com, http://localhost:5173' });
    expect(CORS_ORIGINS).toEqual(['https://app.example.com', 'http://localhost:5173']);
    expect(read({ CORS_ORIGINS: '*' }).CORS_ORIGINS).toEqual(['*']);
  });

  test('is frozen', () => {
    expect(Object.isFrozen(read({}))).toBe(true);
  });

  test.each([
    ['test', 10_000_000],
    ['production', 600],
    ['production ', 600],
  ])('has the rate limit of its environment with NODE_ENV=%j', (NODE_ENV, max) => {
    expect(read({ NODE_ENV }).RATE_LIMIT_MAX).toBe(max);
  });
});
