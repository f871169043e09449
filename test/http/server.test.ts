import { describe, expect, test } from '@jest/globals';
import { toOriginForm } from '../../src/http/server.ts';

describe('a request target', () => {
  test.each([
    ['http://me:secret@host/path?x=1', '/path?x=1'],
    ['HTTP://host', '/'],
    ['https://host?x=1', '/?x=1'],
    ['http://host//other/..', '//other/..'],
    ['*', '*'],
  ])('%s is served as %s', (target, served) => {
    expect(toOriginForm(target)).toBe(served);
  });
});
