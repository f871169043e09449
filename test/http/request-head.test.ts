import { afterAll, describe, expect, test } from '@jest/globals';
import { createTestServer } from './test-server.ts';

const server = await createTestServer();
afterAll(() => server[Symbol.asyncDispose]());

/** @returns the first status, and the number of responses */
async function exchange(sent: string): Promise<{ status: number; responses: number }> {
  const received = await server.send(sent);
  const statuses = received.match(/(?<=HTTP\/1.1 )\d+/g) ?? [];
  if (statuses[0] !== '200' && statuses[0] !== '204') {
    expect(received).toMatch(/^Content-Type: application\/problem\+json/im);
    expect(received).toMatch(/^X-Content-Type-Options: nosniff/im);
  }
  return { status: Number(statuses[0]), responses: statuses.length };
}

const get = (headers: string, line = 'GET /probe/quick HTTP/1.1') => `${line}\r\n${headers}\r\n\r\n`;
const closing = (host: string) => get(`Host: ${host}\r\nConnection: close`);

describe('the Host header', () => {
  test.each([
    'a',
    'a.example:80',
    'a_b.example',
    'xn--bcher-kva.example',
    '127.0.0.1:3000',
    '[::1]:3000',
    'localhost:',
    '0.0.0.0=5000',
    '[::ffff:1.2.3.4]',
  ])('can be %s', async (host) => {
    expect((await exchange(closing(host))).status).toBe(200);
  });

  test.each([
    '',
    'a b',
    'a,b',
    'http://x',
    'x/path',
    'user@x',
    '[::1',
    '::1',
    '[x]',
    '[1.2.3.4]',
    '<script>',
    '"x"',
    "x'",
    'x?y',
    'x#y',
    'x:port',
    'x:99999',
    'x:-1',
    'x:1:2',
    ':80',
    'x\\y',
    'b\u00fccher.example',
    '%20',
    '$(id)',
  ])('cannot be "%s"', async (host) => {
    expect((await exchange(closing(host))).status).toBe(400);
  });

  test.each([
    ['missing', get('Connection: close')],
    ['repeated', closing('a\r\nHost: a')],
  ])('cannot be %s in HTTP/1.1', async (_what, sent) => {
    expect((await exchange(sent)).status).toBe(400);
  });

  test('can be missing in HTTP/1.0', async () => {
    expect((await exchange('GET /probe/quick HTTP/1.0\r\n\r\n')).status).toBe(200);
  });
});

describe('the version', () => {
  test.each(['2.0', '0.9', '1.2', '3.0'])('cannot be %s', async (version) => {
    const { status } = await exchange(get('Host: x', `GET /probe/quick HTTP/${version}`));
    expect([400, 505]).toContain(status);
  });

  test('cannot be missing: a body that follows is not read', async () => {
    const sent = 'POST /reader/echo\nHost: a\r\nContent-Length: 5\r\n\r\nhello';
    const { status, responses } = await exchange(sent);
    expect([400, 505]).toContain(status);
    expect(responses).toBe(1);
  });
});

describe('the target', () => {
  test.each([
    ['GET http://other.example/probe/quick', 200],
    ['GET HTTP://x:80/probe/quick?', 200],
    ['GET http://x', 200],
    ['GET http://user:secret@x/probe/quick', 200],
    ['GET http://a@b@x/probe/quick', 400],
    ['GET http:///probe/quick', 400],
    ['GET ftp://x/probe/quick', 400],
    ['GET *', 400],
    ['OPTIONS *', 204],
    ['CONNECT x.example:443', 501],
    ['GET x.example:443', 400],
  ])('of %s has the status %i', async (line, status) => {
    expect((await exchange(get('Host: x\r\nConnection: close', `${line} HTTP/1.1`))).status).toBe(status);
  });

  test('in absolute form names the host, and no password in it is logged', async () => {
    await server.send(
      get('Host: x\r\nConnection: close', 'GET http://me:hidden@y.example/probe/quick HTTP/1.1'),
    );
    const line = server.requestLines().at(-1);
    expect(line).toMatchObject({ path: '/probe/quick', status: 200 });
    expect(JSON.stringify(server.requestLines())).not.toContain('hidden');
  });

  test('of CONNECT waits for the responses to earlier requests, and is logged', async () => {
    const received = await server.send(
      get('Host: x', 'GET /probe/slow?ms=100 HTTP/1.1') + get('Host: x', 'CONNECT x.example:443 HTTP/1.1'),
    );
    expect(received.match(/(?<=HTTP\/1.1 )\d+/g)).toEqual(['200', '501']);
    expect(server.requestLines().at(-1)).toMatchObject({ method: 'CONNECT', status: 501 });
  });
});

describe('framing', () => {
  const post = (version: string, headers: string) =>
    `POST /reader/echo HTTP/${version}\r\nHost: x\r\n${headers}\r\n\r\n`;
  const next = get('Host: x\r\nConnection: close', 'GET /smuggled HTTP/1.1');
  test.each([
    ['Transfer-Encoding in HTTP/1.0', post('1.0', 'Transfer-Encoding: chunked'), 400],
    ['another transfer coding', post('1.1', 'Transfer-Encoding: gzip, chunked'), 501],
    ['two transfer codings', post('1.1', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked'), 400],
    ['two types', post('1.1', 'Content-Length: 0\r\nContent-Type: a/b\r\nContent-Type: a/c'), 400],
    ['two credentials', get('Host: x\r\nAuthorization: a\r\nAuthorization: b'), 400],
  ])('with %s is rejected, and nothing after it is read as a request', async (_what, sent, status) => {
    expect(await exchange(`${sent}0\r\n\r\n${next}`)).toEqual({ status, responses: 1 });
    expect(server.requestLines().map(({ path }) => path)).not.toContain('/smuggled');
  });
});
