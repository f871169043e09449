import { describe, expect, test } from '@jest/globals';
import { readConfig, readSettings, type Environment } from '../../src/config/config.ts';
import { choice, configOf, integer, onOff, text, type Variables } from '../../src/config/declare.ts';
import { describeStartFailure } from '../../src/supervision/start-failure.ts';
import { badValues } from '../support/bad-values.ts';
import { testEnvironment } from '../support/environment.ts';
import { renderEnvExample, renderVariables } from '../tools/docs/variables.ts';

/** One variable of each kind, under names that no service uses. */
const table = {
  SAMPLE_GREETING: text({ doc: 'The greeting.', default: 'hello' }),
  SAMPLE_SIGNATURE: text({ doc: 'The sender.', default: '', pattern: /^\w+$/, expects: 'a word' }),
  SAMPLE_DATABASE_URL: text({
    doc: 'URL of the database.',
    pattern: /^postgres:\/\//,
    expects: 'a postgres:// URL',
    default: 'postgres://localhost/dev',
    requiredInProduction: true,
  }),
  SAMPLE_API_KEY: text({
    doc: 'Key of the API.',
    pattern: /^.{16,}$/,
    expects: 'at least 16 characters',
    secret: true,
  }),
  SAMPLE_SHARDS: integer({ doc: 'Number of shards.', min: 1, max: 9 }),
  SAMPLE_REGION: choice(['north', 'south'], {
    doc: 'The region.',
    default: 'north',
    requiredInProduction: true,
  }),
  SAMPLE_VERBOSE: onOff({ doc: 'Verbose output.', default: 'on', productionDefault: 'off' }),
  SAMPLE_PROXY: text({ doc: 'The proxy in front.', default: 'none', productionDefault: '' }),
} satisfies Variables;

const required = { SAMPLE_API_KEY: 'sixteen-letters-', SAMPLE_SHARDS: '3' };

const read = (env: Environment) => configOf(table, readConfig({ ...testEnvironment, ...env }, table));

/** The failure of a start with this environment; undefined if it is valid. */
function failureOf(env: Environment) {
  try {
    read(env);
  } catch (error) {
    return describeStartFailure(error);
  }
  return undefined;
}

describe('a text variable', () => {
  test('accepts any text without a pattern, and its default even if that does not match its pattern', () => {
    expect(read({ ...required, SAMPLE_GREETING: ' !? ' })).toMatchObject({
      SAMPLE_GREETING: '!?',
      SAMPLE_SIGNATURE: '',
    });
  });

  test('must match its pattern', () => {
    expect(read({ ...required, SAMPLE_SIGNATURE: 'Ada' }).SAMPLE_SIGNATURE).toBe('Ada');
    expect(failureOf({ ...required, SAMPLE_SIGNATURE: '!?' })?.reason).toContain(
      'SAMPLE_SIGNATURE must be a word; it is "!?"',
    );
  });

  test('is not shown in an error if it is a secret', () => {
    const { reason } = failureOf({ ...required, SAMPLE_API_KEY: 'hunter2' }) ?? {};
    expect(reason).toContain('SAMPLE_API_KEY must be at least 16 characters; ');
    expect(reason).not.toContain('hunter2');
  });
});

describe('a required variable', () => {
  test('is reported with all other faults if it is not set, and the start fails with exit code 78', () => {
    expect(failureOf({ SAMPLE_API_KEY: ' ', SAMPLE_VERBOSE: '!?' })).toEqual({
      exitCode: 78,
      reason: [
        'Invalid configuration:',
        '  SAMPLE_API_KEY must be set: at least 16 characters',
        '  SAMPLE_SHARDS must be set: a whole number from 1 to 9',
        '  SAMPLE_VERBOSE must be on or off; it is "!?"',
      ].join('\n'),
    });
  });

  test('has a default outside production if it is required in production only', () => {
    expect(read(required)).toMatchObject({
      SAMPLE_DATABASE_URL: 'postgres://localhost/dev',
      SAMPLE_REGION: 'north',
    });
    expect(failureOf({ ...required, NODE_ENV: 'production' })?.reason).toBe(
      [
        'Invalid configuration:',
        '  SAMPLE_DATABASE_URL must be set in production: a postgres:// URL',
        '  SAMPLE_REGION must be set in production: one of north, south',
      ].join('\n'),
    );
    const set = { ...required, SAMPLE_DATABASE_URL: 'postgres://db/live', SAMPLE_REGION: 'south' };
    expect(read({ ...set, NODE_ENV: 'production' })).toMatchObject({
      SAMPLE_REGION: 'south',
      SAMPLE_VERBOSE: false,
      SAMPLE_PROXY: '',
    });
  });

  test('is passed on to workers unchanged', () => {
    const { environment } = readSettings({ ...testEnvironment, ...required }, table);
    expect(environment).toMatchObject(required);
  });
});

describe('the documentation of variables', () => {
  const groups = { Samples: table, 'An empty group': {} };

  test('is rendered for .env.example by group', () => {
    expect(renderEnvExample(groups).split('\n\n').slice(1)).toEqual([
      '## Samples',
      '# The greeting.\n# Expects any text.\n# SAMPLE_GREETING=hello',
      '# The sender.\n# Expects a word.\n# SAMPLE_SIGNATURE=',
      '# URL of the database.\n# Expects a postgres:// URL. Required in production.\n# SAMPLE_DATABASE_URL=postgres://localhost/dev',
      '# Key of the API.\n# Expects at least 16 characters. Required. SAMPLE_API_KEY_FILE may name a file that holds it.\n# SAMPLE_API_KEY=',
      '# Number of shards.\n# Expects a whole number from 1 to 9. Required.\n# SAMPLE_SHARDS=',
      '# The region.\n# Expects one of north, south. Required in production.\n# SAMPLE_REGION=north',
      '# Verbose output.\n# Expects on or off. Default in production: off.\n# SAMPLE_VERBOSE=on',
      '# The proxy in front.\n# Expects any text. Default in production: none.\n# SAMPLE_PROXY=none\n',
    ]);
  });

  test('is rendered for the README as a table per group', () => {
    expect(renderVariables(groups).split('\n')).toEqual([
      '**Samples**',
      '',
      '| variable | default | meaning |',
      '| --- | --- | --- |',
      '| `SAMPLE_GREETING` | `hello` | The greeting. |',
      '| `SAMPLE_SIGNATURE` | none | The sender. |',
      '| `SAMPLE_DATABASE_URL` | `postgres://localhost/dev`, required in production | URL of the database. |',
      '| `SAMPLE_API_KEY` | required | Key of the API. Or `SAMPLE_API_KEY_FILE`, a file that holds it. |',
      '| `SAMPLE_SHARDS` | required | Number of shards. |',
      '| `SAMPLE_REGION` | `north`, required in production | The region. |',
      '| `SAMPLE_VERBOSE` | `on`, in production `off` | Verbose output. |',
      '| `SAMPLE_PROXY` | `none`, in production none | The proxy in front. |',
    ]);
  });
});

test('badValues() has a value for every variable that can be invalid', () => {
  expect(badValues(table)).toEqual({
    SAMPLE_SIGNATURE: '!?',
    SAMPLE_DATABASE_URL: '!?',
    SAMPLE_API_KEY: '!?',
    SAMPLE_SHARDS: '!?',
    SAMPLE_REGION: '!?',
    SAMPLE_VERBOSE: '!?',
  });
  expect(badValues({ KEY: text({ doc: 'Any text.' }) })).toEqual({ KEY: '' });
});

test('configOf() rejects a configuration that was read without the variables of a feature', () => {
  expect(() => configOf(table, readConfig(testEnvironment))).toThrow(
    'read without SAMPLE_GREETING, SAMPLE_SIGNATURE',
  );
});
