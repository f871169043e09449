import { describe, expect, test } from '@jest/globals';
import { checkPreconditions, requestedRange, requireMatch } from '../../src/http/preconditions.ts';
import { Problem } from '../../src/http/problem.ts';

const modified = new Date('1994-11-06T08:49:37.500Z');
const same = 'Sun, 06 Nov 1994 08:49:37 GMT';
const before = 'Sun, 06 Nov 1994 08:49:36 GMT';
const strong = { etag: '"a"', modified };
const weak = { etag: 'W/"a"', modified };

function statusOf(evaluate: () => unknown): number {
  try {
    return evaluate() === true ? 304 : 200;
  } catch (error) {
    if (error instanceof Problem) return error.status;
    throw error;
  }
}

describe('checkPreconditions() for', () => {
  test.each([
    [{}, 200],
    [{ 'if-match': '"a"' }, 200],
    [{ 'if-match': '"b", "a"' }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': 'W/"a"' }, 412],
    [{ 'if-match': '"b"' }, 412],
    [{ 'if-match': 'a' }, 412],
    [{ 'if-match': '"b,"a"' }, 412],
    [{ 'if-match': '"a"', 'if-unmodified-since': before }, 200],
    [{ 'if-match': '"b"', 'if-unmodified-since': same }, 412],
    [{ 'if-unmodified-since': same }, 200],
    [{ 'if-unmodified-since': before }, 412],
    [{ 'if-unmodified-since': 'yesterday' }, 200],
    [{ 'if-unmodified-since': '1994' }, 200],
  ])('the conditions %j has the status %i for any method', (headers, status) => {
    for (const method of ['GET', 'HEAD', 'PUT', 'DELETE']) {
      expect(statusOf(() => checkPreconditions({ method, headers }, strong))).toBe(status);
    }
  });

  test.each([
    [{ 'if-none-match': '"a"' }, 304, 412],
    [{ 'if-none-match': 'W/"a"' }, 304, 412],
    [{ 'if-none-match': '"b", W/"a" ,"c"' }, 304, 412],
    [{ 'if-none-match': '*' }, 304, 412],
    [{ 'if-none-match': '"b"' }, 200, 200],
    [{ 'if-none-match': '"*"' }, 200, 200],
    [{ 'if-none-match': '"b"', 'if-modified-since': same }, 200, 200],
    [{ 'if-match': '"a"', 'if-none-match': '"a"' }, 304, 412],
    [{ 'if-modified-since': same }, 304, 200],
    [{ 'if-modified-since': 'Sunday, 06-Nov-94 08:49:37 GMT' }, 304, 200],
    [{ 'if-modified-since': 'Sun Nov  6 08:49:37 1994' }, 304, 200],
    [{ 'if-modified-since': before }, 200, 200],
    [{ 'if-modified-since': 'tomorrow' }, 200, 200],
    [{ 'if-modified-since': '2030' }, 200, 200],
    [{ 'if-modified-since': '2030-01-01T00:00:00Z' }, 200, 200],
  ])('the conditions %j has the status %i for GET and %i for PUT', (headers, forGet, forPut) => {
    for (const validators of [strong, weak]) {
      if (validators === weak && 'if-match' in headers) continue; // a weak tag never matches
      for (const [method, status] of [
        ['GET', forGet],
        ['HEAD', forGet],
        ['PUT', forPut],
      ] as const) {
        expect(statusOf(() => checkPreconditions({ method, headers }, validators))).toBe(status);
      }
    }
  });

  test('a weak entity tag, which If-Match never matches', () => {
    expect(
      statusOf(() => checkPreconditions({ method: 'PUT', headers: { 'if-match': 'W/"a"' } }, weak)),
    ).toBe(412);
  });

  test('a resource without validators', () => {
    expect(statusOf(() => checkPreconditions({ method: 'GET', headers: { 'if-match': '"a"' } }, {}))).toBe(
      412,
    );
    expect(
      statusOf(() =>
        checkPreconditions(
          { method: 'GET', headers: { 'if-none-match': '"a"', 'if-modified-since': same } },
          {},
        ),
      ),
    ).toBe(200);
  });
});

test('requireMatch() requires If-Match, and evaluates the others with it', () => {
  const put = (headers: Record<string, string>) =>
    statusOf(() => requireMatch({ method: 'PUT', headers }, strong));
  expect(put({})).toBe(428);
  expect(put({ 'if-match': '"a"' })).toBe(200);
  expect(put({ 'if-match': '"a"', 'if-none-match': '*' })).toBe(412);
});

describe('requestedRange()', () => {
  const range = 'bytes=0-1';
  test.each([
    ['"a"', strong, range],
    [same, strong, range],
    ['"b"', strong, undefined],
    ['W/"a"', strong, undefined],
    ['W/"a"', weak, undefined],
    [before, strong, undefined],
    ['Sun, 06 Nov 1994 08:49:38 GMT', strong, undefined],
    ['a', strong, undefined],
  ])('with If-Range: %s', (ifRange, validators, expected) => {
    const headers = { range, 'if-range': ifRange };
    expect(requestedRange({ method: 'GET', headers }, validators)).toBe(expected);
  });

  test('is for GET only', () => {
    expect(requestedRange({ method: 'GET', headers: { range } }, strong)).toBe(range);
    expect(requestedRange({ method: 'HEAD', headers: { range } }, strong)).toBeUndefined();
  });
});
