import { describe, expect, test } from '@jest/globals';
import { mayRead, maySend } from '../../../src/demos/security/browser.ts';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

type Row = Readonly<Record<string, unknown>>;
interface Answer {
  readonly result: {
    readonly read: readonly Row[];
    readonly deleted: readonly Row[];
    readonly caches: readonly Row[];
  };
  readonly lesson: { readonly headline: string; readonly text: string };
}

const pagesOf = (rows: readonly Row[]): Record<string, string[]> =>
  Object.fromEntries(
    rows.map(({ check, ...cells }) => [
      String(check),
      Object.keys(cells).filter((page) => cells[page] === true),
    ]),
  );

describe('security/cors', () => {
  test('shows which pages each check lets read and delete, with cookies', async () => {
    const response = await service.client.get('/demos/security/cors').expect(200);
    const { result, lesson } = response.body as Answer;
    const expected = {
      'exact list': ['frontEnd'],
      echo: ['frontEnd', 'stranger', 'lookalike', 'longer', 'sandboxed'],
      'ends with': ['frontEnd', 'lookalike'],
      'starts with': ['frontEnd', 'longer'],
      'list and sandboxed': ['frontEnd', 'sandboxed'],
      star: [],
    };
    expect(pagesOf(result.read)).toEqual(expected);
    expect(pagesOf(result.deleted)).toEqual(expected);
    expect(result.caches.filter((row) => row['differs'] && !row['variesByOrigin'])).toHaveLength(4);
    expect(result.caches[0]).toEqual({ check: 'exact list', differs: true, variesByOrigin: true });
    expect(lesson.headline).toBe('4 of 5 shortcuts let a foreign page read, the list none');
  });

  test('shows that * opens responses to every page that sends no cookies', async () => {
    const response = await service.client.get('/demos/security/cors?credentials=omit').expect(200);
    const { result, lesson } = response.body as Answer;
    expect(pagesOf(result.read)['star']).toHaveLength(5);
    expect(pagesOf(result.read)['exact list']).toEqual(['frontEnd']);
    expect(lesson.headline).toContain('5 of 5');
  });
});

describe('the rules of browsers', () => {
  const ORIGIN = 'https://app.example.com';
  const response = (headers: Record<string, string>, status = 204) => ({
    status,
    headers,
    body: Buffer.alloc(0),
  });

  test.each([
    [{}, false, false],
    [{ 'access-control-allow-origin': '*' }, true, false],
    [{ 'access-control-allow-origin': '*', 'access-control-allow-credentials': 'true' }, true, false],
    [{ 'access-control-allow-origin': ORIGIN }, true, false],
    [{ 'access-control-allow-origin': ORIGIN, 'access-control-allow-credentials': 'true' }, true, true],
    [{ 'access-control-allow-origin': ORIGIN, 'access-control-allow-credentials': 'True' }, true, false],
    [{ 'access-control-allow-origin': 'https://APP.example.com' }, false, false],
  ])('with the headers %j a page may read: %j without cookies, %j with', (headers, omit, include) => {
    expect(mayRead(response(headers), ORIGIN, 'omit')).toBe(omit);
    expect(mayRead(response(headers), ORIGIN, 'include')).toBe(include);
  });

  test.each([
    ['GET, DELETE', 204, true],
    ['GET', 204, false],
    ['*', 204, true],
    ['DELETE', 403, false],
  ])('a preflight that allows %j with status %i allows a DELETE: %j', (methods, status, allowed) => {
    const headers = { 'access-control-allow-origin': ORIGIN, 'access-control-allow-methods': methods };
    const asked = { method: 'DELETE', origin: ORIGIN, credentials: 'omit' as const };
    expect(maySend(response(headers, status), asked)).toBe(allowed);
  });
});
