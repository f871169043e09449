import { expect, test } from '@jest/globals';
import { ConfigError } from '../../src/config/config.ts';
import { readEnvironment } from '../../src/config/environment.ts';
import { root } from '../support/program.ts';

test('readEnvironment() throws a ConfigError if the .env file cannot be read', () => {
  expect(() => readEnvironment(root)).toThrow(ConfigError);
});
