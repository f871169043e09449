import { describe, expect, test } from '@jest/globals';
import { createTestServer, postJson, request } from './test-server.ts';

describe('the HTTP server', () => {
  test.each([['an unknown expectation', request('GET /', { Expect: 'cake', Connection: 'close' }), 417]])(
    'leaves it to a layer to reject a request with %s',
    async (_what, sent, status) => {
      await using server = await createTestServer();
      const response = await server.send(sent);
      expect(response).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
      expect(response).toMatch(/^Content-Type: application\/problem\+json/im);
      expect(response).toMatch(/^X-Request-Id: /im);
    },
  );

  test('rejects a body with a Content-Length over the limit before it arrives', async () => {
    await using server = await createTestServer();
    const response = await server.send(postJson({ 'Content-Length': 9_999_999, Connection: 'close' }));
    expect(response).toMatch(/^HTTP\/1.1 413 /);
  });

  test('counts the connections that it refuses', async () => {
    await using server = await createTestServer({ MAX_CONNECTIONS: '1' });
    const first = server.connect();
    await server.connections(1);
    expect(await server.send(request('GET /probe/quick')).catch(() => '')).toBe('');
    expect(server.connectionsRefused()).toBe(1);
    first.destroy();
  });
});
