/** The kinds of variables, in a table of this test's own, by names that no service has. */
import { describe, expect, test } from '@jest/globals';
import { describeStartFailure } from '../../src/cluster/start-failure.ts';
import { readConfig, readSettings, type Environment } from '../../src/config/read.ts';
import { choice, configOf, integer, onOff, text, type Variables } from '../../src/config/variable.ts';
import { renderEnvExample, renderVariables } from '../docs/variables.ts';
import { badValues } from '../support/bad-values.ts';
import { testEnvironment } from '../support/environment.ts';

const table = {
  SAMPLE_GREETING: text({ doc: 'What is said.', default: 'hello' }),
  SAMPLE_SIGNATURE: text({ doc: 'Who says it.', default: '', pattern: /^\w+$/, expects: 'a word' }),
  SAMPLE_DATABASE_URL: text({
    doc: 'Where the data is.',
    pattern: /^postgres:\/\//,
    expects: 'a postgres:// URL',
    default: 'postgres://localhost/dev',
    requiredInProduction: true,
  }),
  SAMPLE_API_KEY: text({
    doc: 'Opens it.',
    pattern: /^.{16,}$/,
    expects: 'at least 16 characters',
    secret: true,
  }),
  SAMPLE_SHARDS: integer({ doc: 'How many there are.', min: 1, max: 9 }),
  SAMPLE_REGION: choice(['north', 'south'], {
    doc: 'Where it is.',
    default: 'north',
    requiredInProduction: true,
  }),
  SAMPLE_VERBOSE: onOff({ doc: 'Whether it talks.', default: 'on', productionDefault: 'off' }),
  SAMPLE_PROXY: text({ doc: 'What is in front.', default: 'none', productionDefault: '' }),
} satisfies Variables;

const needed = { SAMPLE_API_KEY: 'sixteen-letters-', SAMPLE_SHARDS: '3' };

const read = (env: Environment) => configOf(table, readConfig({ ...testEnvironment, ...env }, table));

/** What a start with this environment ends with. */
function failureOf(env: Environment) {
  try {
    read(env);
  } catch (error) {
    return describeStartFailure(error);
  }
  return undefined;
}

describe('a text', () => {
  test('may be any, or has to match a pattern; a default of nothing is no fault', () => {
    expect(read({ ...needed, SAMPLE_GREETING: ' !? ' })).toMatchObject({
      SAMPLE_GREETING: '!?',
      SAMPLE_SIGNATURE: '',
    });
    expect(read({ ...needed, SAMPLE_SIGNATURE: 'Ada' }).SAMPLE_SIGNATURE).toBe('Ada');
    expect(failureOf({ ...needed, SAMPLE_SIGNATURE: '!?' })?.reason).toContain(
      'SAMPLE_SIGNATURE must be a word; it is "!?"',
    );
  });

  test('that is a secret is not shown where it is bad', () => {
    const { reason } = failureOf({ ...needed, SAMPLE_API_KEY: 'hunter2' }) ?? {};
    expect(reason).toContain('SAMPLE_API_KEY must be at least 16 characters; ');
    expect(reason).not.toContain('hunter2');
  });
});

describe('what must be set', () => {
  test('is named where it is not, with all other faults, and the start ends with 78', () => {
    expect(failureOf({ SAMPLE_API_KEY: ' ', SAMPLE_VERBOSE: '!?' })).toEqual({
      exitCode: 78,
      reason: [
        'Bad configuration:',
        '  SAMPLE_API_KEY must be set: at least 16 characters',
        '  SAMPLE_SHARDS must be set: a whole number from 1 to 9',
        '  SAMPLE_VERBOSE must be on or off; it is "!?"',
      ].join('\n'),
    });
  });

  test('in production has a default elsewhere', () => {
    expect(read(needed)).toMatchObject({
      SAMPLE_DATABASE_URL: 'postgres://localhost/dev',
      SAMPLE_REGION: 'north',
    });
    expect(failureOf({ ...needed, NODE_ENV: 'production' })?.reason).toBe(
      [
        'Bad configuration:',
        '  SAMPLE_DATABASE_URL must be set in production: a postgres:// URL',
        '  SAMPLE_REGION must be set in production: one of north, south',
      ].join('\n'),
    );
    const set = { ...needed, SAMPLE_DATABASE_URL: 'postgres://db/live', SAMPLE_REGION: 'south' };
    expect(read({ ...set, NODE_ENV: 'production' })).toMatchObject({
      SAMPLE_REGION: 'south',
      SAMPLE_VERBOSE: false,
      SAMPLE_PROXY: '',
    });
  });

  test('reaches the workers as it is', () => {
    const { environment } = readSettings({ ...testEnvironment, ...needed }, table);
    expect(environment).toMatchObject(needed);
  });
});

test('each is told of in .env.example and the README', () => {
  expect(renderEnvExample(table).split('\n\n').slice(1)).toEqual([
    '# What is said.\n# Expects any text.\n# SAMPLE_GREETING=hello',
    '# Who says it.\n# Expects a word.\n# SAMPLE_SIGNATURE=',
    '# Where the data is.\n# Expects a postgres:// URL. In production it must be set.\n# SAMPLE_DATABASE_URL=postgres://localhost/dev',
    '# Opens it.\n# Expects at least 16 characters. It must be set.\n# SAMPLE_API_KEY=',
    '# How many there are.\n# Expects a whole number from 1 to 9. It must be set.\n# SAMPLE_SHARDS=',
    '# Where it is.\n# Expects one of north, south. In production it must be set.\n# SAMPLE_REGION=north',
    '# Whether it talks.\n# Expects on or off. In production: off.\n# SAMPLE_VERBOSE=on',
    '# What is in front.\n# Expects any text. In production: none.\n# SAMPLE_PROXY=none\n',
  ]);
  expect(renderVariables(table).split('\n').slice(2)).toEqual([
    '| `SAMPLE_GREETING` | `hello` | What is said. |',
    '| `SAMPLE_SIGNATURE` | none | Who says it. |',
    '| `SAMPLE_DATABASE_URL` | `postgres://localhost/dev`, must be set in production | Where the data is. |',
    '| `SAMPLE_API_KEY` | must be set | Opens it. |',
    '| `SAMPLE_SHARDS` | must be set | How many there are. |',
    '| `SAMPLE_REGION` | `north`, must be set in production | Where it is. |',
    '| `SAMPLE_VERBOSE` | `on`, in production `off` | Whether it talks. |',
    '| `SAMPLE_PROXY` | `none`, in production none | What is in front. |',
  ]);
});

test('the tests know a bad value of each but of what takes any text', () => {
  expect(badValues(table)).toEqual({
    SAMPLE_SIGNATURE: '!?',
    SAMPLE_DATABASE_URL: '!?',
    SAMPLE_API_KEY: '!?',
    SAMPLE_SHARDS: '!?',
    SAMPLE_REGION: '!?',
    SAMPLE_VERBOSE: '!?',
  });
  expect(badValues({ KEY: text({ doc: 'Any.' }) })).toEqual({ KEY: '' });
});

test('a configuration that was read without the variables of a feature is refused to it', () => {
  expect(() => configOf(table, readConfig(testEnvironment))).toThrow(
    'read without SAMPLE_GREETING, SAMPLE_SIGNATURE',
  );
});
