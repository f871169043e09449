import { describe, expect, test } from '@jest/globals';
import { toOriginForm } from '../../src/http/server.ts';
import { createTestServer, postJson, request } from './test-server.ts';

test.each([
  ['http://me:secret@host/path?x=1', '/path?x=1'],
  ['HTTP://host', '/'],
  ['https://host?x=1', '/?x=1'],
  ['http://host//other/..', '//other/..'],
  ['ftp://me:secret@host/path', '/path'],
  ['*', '*'],
])('toOriginForm() converts the request target %s to %s', (target, path) => {
  expect(toOriginForm(target)).toBe(path);
});

describe('the HTTP server', () => {
  test.each([
    ['two Host headers', request('GET /', { host: 'y', Connection: 'close' }), 400],
    ['no Host header', 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n', 400],
    ['an unknown expectation', request('GET /', { Expect: 'cake', Connection: 'close' }), 417],
  ])('leaves it to a layer to reject a request with %s', async (_what, sent, status) => {
    await using server = await createTestServer();
    const response = await server.send(sent);
    expect(response).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(response).toMatch(/^Content-Type: application\/problem\+json/im);
    expect(response).toMatch(/^X-Request-Id: /im);
  });

  test('rejects a body with a Content-Length over the limit before it arrives', async () => {
    await using server = await createTestServer();
    const response = await server.send(postJson({ 'Content-Length': 9_999_999, Connection: 'close' }));
    expect(response).toMatch(/^HTTP\/1.1 413 /);
  });
});
