import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { unusualWords } from './support/wording.ts';

/** All that people read here: pages, documents, messages, lessons, comments and test titles. */
const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard'], { encoding: 'utf8' })
  .split('\n')
  .filter((path) => /\.([cm]?ts|md|css|html|ya?ml|example)$|Dockerfile$/.test(path) && existsSync(path))
  .filter((path) => !path.startsWith('test/support/wording') && path !== 'test/wording.test.ts');

test('nothing that people read uses an unusual word', () => {
  expect(
    files.flatMap((path) => unusualWords(readFileSync(path, 'utf8')).map((found) => `${path}: ${found}`)),
  ).toEqual([]);
});

test.each([
  ['37 % of all requests', '37 %'],
  ['Opens the file anew', 'anew'],
  ['«quoted', '«'],
  ['The client is told so', 'is told'],
])('refuses "%s"', (text, word) => {
  expect(unusualWords(`fine\n${text}\n`)).toEqual([expect.stringMatching(`^${word} \\(use `)]);
});

test('accepts a remainder and the usual terms', () => {
  expect(unusualWords('const odd = 5 % two;\nGoodput stays at 90% of the peak, next to the other.')).toEqual(
    [],
  );
});
