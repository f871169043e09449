/** HTTP at its edges, seen from outside on the real program: one row per check, by kind. */
import { Buffer } from 'node:buffer';
import { connect } from 'node:net';
import { afterAll, describe, expect, test } from '@jest/globals';
import { Program } from '../support/program.ts';

const program = await Program.start({
  DANGER: 'on',
  OVERLOAD_MAX_DELAY_MS: '0',
  MAX_REQUESTS_PER_SOCKET: '50',
});
afterAll(() => program[Symbol.asyncDispose]());

interface Exchange {
  /** The statuses of all responses, 100 among them. */
  readonly statuses: readonly number[];
  /** Everything received. */
  readonly text: string;
}

/**
 * Sends bytes and receives until the connection closes; it is ended after `patienceMs` without another byte.
 *
 * @param rest sent after the first response
 */
function exchange(
  sent: string | Buffer,
  { url = program.url, patienceMs = 1_500, rest = '' } = {},
): Promise<Exchange> {
  return new Promise((resolve) => {
    const { port, hostname } = new URL(url);
    const socket = connect({ port: Number(port), host: hostname });
    let text = '';
    socket.setTimeout(patienceMs, () => socket.destroy());
    socket.setEncoding('latin1').on('data', (part: string) => {
      if (text === '') socket.write(rest);
      text += part;
    });
    socket
      .on('error', () => undefined)
      .on('close', () => {
        const statuses = (text.match(/(?<=HTTP\/1\.1 )\d{3}/g) ?? []).map(Number);
        resolve({ statuses, text });
      });
    socket.write(sent);
  });
}

type Headers = Readonly<Record<string, string>>;

/** A request of HTTP/1.1, which closes its connection unless `headers` say otherwise. */
function message(line: string, headers: Headers = {}, body = ''): string {
  const all: Headers = { Host: 'localhost', Connection: 'close', ...headers };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}`);
  return [`${line} HTTP/1.1`, ...lines, '', body].join('\r\n');
}

function json(body: string, headers: Headers = {}): string {
  const length = String(Buffer.byteLength(body, 'latin1'));
  return message(
    'POST /tasks',
    { 'Content-Type': 'application/json', 'Content-Length': length, ...headers },
    body,
  );
}

/** The first status, and a check that an error is problem details with the headers of every response. */
async function statusOf(sent: string | Buffer, url = program.url): Promise<number | undefined> {
  const { statuses, text } = await exchange(sent, { url });
  const [first] = statuses;
  if (first !== undefined && first >= 400) {
    expect(text).toMatch(/^Content-Type: application\/problem\+json/im);
    for (const name of ['Date', 'X-Request-Id', 'X-Content-Type-Options', 'Content-Security-Policy']) {
      expect(text).toMatch(new RegExp(`^${name}: `, 'im'));
    }
  }
  return first;
}

const onBothPorts = [
  ['an invalid host', 'GET /livez HTTP/1.1\r\nHost: a,b\r\n\r\n', 400],
  ['a host with a user', 'GET /livez HTTP/1.1\r\nHost: me@localhost\r\n\r\n', 400],
  ['two hosts', 'GET /livez HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n', 400],
  ['no host', 'GET /livez HTTP/1.1\r\n\r\n', 400],
  ['HTTP/2.0', 'GET /livez HTTP/2.0\r\nHost: localhost\r\n\r\n', 505],
  ['HTTP/0.9', 'GET /livez HTTP/0.9\r\n\r\n', 505],
  ['no version', 'GET /livez\nHost: localhost\r\n\r\n', 505],
  ['a target in absolute form', 'GET http://localhost/livez HTTP/1.1\r\nHost: x\r\n\r\n', 200],
  ['a path in asterisk form', 'GET * HTTP/1.1\r\nHost: localhost\r\n\r\n', 400],
  ['OPTIONS *', 'OPTIONS * HTTP/1.1\r\nHost: localhost\r\n\r\n', 204],
  ['CONNECT', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n', 501],
  [
    'Transfer-Encoding in HTTP/1.0',
    'POST /livez HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    400,
  ],
  [
    'another transfer coding',
    message('POST /livez', { 'Transfer-Encoding': 'gzip, chunked' }, '0\r\n\r\n'),
    501,
  ],
  ['an unknown expectation', message('GET /livez', { Expect: 'cake' }), 417],
  ['garbage', 'GARBAGE\r\n\r\n', 400],
] as const;

describe('A: framing and targets', () => {
  test.each(onBothPorts)('%s on the app port', async (_what, sent, status) => {
    expect(await statusOf(sent)).toBe(status);
  });

  test.each(onBothPorts)('%s on the management port', async (_what, sent, status) => {
    expect(await statusOf(sent, program.managementUrl)).toBe(status);
  });
});

describe('B: HEAD', () => {
  test.each([
    ['an endless stream', '/demos/streams/events?events=10000&everyMs=10000'],
    ['a long stream of a child', '/demos/child-processes/stream?lines=5000000'],
    ['a long chain of streams', '/demos/streams/chain?rows=1000000'],
    ['a demo that computes', '/demos/cpu/inline'],
  ])('of %s has no content, and the connection can be used again', async (_what, target) => {
    const next = message('GET /livez');
    const { statuses, text } = await exchange(
      message(`HEAD ${target}`, { Connection: 'keep-alive' }) + next,
      { patienceMs: 20_000 },
    );
    expect(statuses).toEqual([200, 200]);
    expect(text).toMatch(/^[^]*?\r\n\r\nHTTP\/1\.1 200/);
  });

  test('ignores Range, and has no length where GET is compressed', async () => {
    expect(await statusOf(message('HEAD /demos/streams/range', { Range: 'bytes=0-1' }))).toBe(200);
    const { text } = await exchange(message('HEAD /openapi.json', { 'Accept-Encoding': 'gzip' }));
    expect(text).not.toMatch(/^Content-Length/im);
  });
});

describe('C: conditional requests', () => {
  const old = 'Sun, 06 Nov 1994 08:49:37 GMT';
  test.each([
    ['GET /demos/streams/range', { 'If-None-Match': '*' }, 304],
    ['GET /demos/streams/range', { 'If-Match': '"other"' }, 412],
    ['GET /demos/streams/range', { 'If-Unmodified-Since': old }, 412],
    ['GET /demos/streams/range', { Range: 'bytes=0-1', 'If-Range': old }, 200],
    ['GET /demos/streams/range', { Range: 'bytes=0-1' }, 206],
    ['GET /demos/http/cache', { 'If-Match': '"other"' }, 412],
    ['GET /demos/http/cache', { 'If-Modified-Since': 'Thu, 01 Jan 2026 00:00:00 GMT' }, 304],
    ['GET /demos/http/cache', { 'If-Modified-Since': 'tomorrow' }, 200],
  ] as const)('%s with %j', async (line, headers, status) => {
    expect(await statusOf(message(line, headers))).toBe(status);
  });

  test('of a task: nothing is changed unless all hold', async () => {
    const { text } = await exchange(json('{"title":"a"}'));
    const path = /^Location: (\S+)/im.exec(text)?.[1] ?? '';
    const put = (headers: Headers) =>
      statusOf(json('{"title":"b","done":false}', headers).replace('POST /tasks', `PUT ${path}`));
    expect(await put({})).toBe(428);
    expect(await put({ 'If-Match': '"1"', 'If-None-Match': '*' })).toBe(412);
    expect(await put({ 'If-Match': 'W/"1"' })).toBe(412);
    expect(await put({ 'If-Match': '"9", "1"' })).toBe(200);
    expect(await statusOf(message(`GET ${path}`, { 'If-None-Match': 'W/"2"' }))).toBe(304);
    expect(await statusOf(message(`GET ${path}`, { 'If-Match': '"1"' }))).toBe(412);
  });
});

describe('D: negotiation', () => {
  test.each([
    ['GET /tasks', { Accept: 'application/json; charset=utf-8' }, 200],
    ['GET /tasks', { Accept: 'application/json;q=0' }, 406],
    ['GET /tasks', { Accept: 'text/html;level=1' }, 406],
    ['GET /demos/cpu/inline', { Accept: 'text/plain;charset=utf-8' }, 200],
  ])('%s with %j', async (line, headers, status) => {
    expect(await statusOf(message(line, headers))).toBe(status);
  });

  test.each([
    [{ 'Content-Encoding': 'compress' }, /^Accept-Encoding: gzip, deflate, br, identity/im],
    [{ 'Content-Type': 'text/csv' }, /^Accept: application\/json/im],
  ])('a 415 for %j names what is supported', async (headers, named) => {
    const { statuses, text } = await exchange(json('{}', headers));
    expect(statuses).toEqual([415]);
    expect(text).toMatch(named);
  });
});

describe('E: a body still to come', () => {
  const expecting = { Expect: '100-continue', 'Content-Length': '10000000000', Connection: 'keep-alive' };
  const type = { 'Content-Type': 'application/json' };
  test.each([
    ['404', message('POST /nothing', expecting)],
    ['405', message('POST /livez', expecting)],
    ['413', message('POST /tasks', { ...expecting, ...type })],
    ['415', message('POST /tasks', { ...expecting, 'Content-Type': 'text/csv' })],
  ])('a request that expects a 100 Continue and gets a %s gets nothing else', async (status, sent) => {
    const { statuses, text } = await exchange(sent);
    expect(statuses).toEqual([Number(status)]);
    expect(text).toMatch(/^Connection: close/im);
  });

  test('a body that is read gets its 100 Continue', async () => {
    const sent = json('{"title":"a"}', { Expect: '100-continue' });
    const [head = '', body = ''] = sent.split(/(?<=\r\n\r\n)/);
    expect((await exchange(head, { rest: body })).statuses).toEqual([100, 201]);
  });

  test('requests beyond the limit of a connection are not processed, and it is closed', async () => {
    const { statuses, text } = await exchange(message('GET /livez', { Connection: 'keep-alive' }).repeat(60));
    expect(statuses).toEqual(Array.from({ length: 50 }, () => 200));
    expect(text.match(/^Connection: close/gim)).toHaveLength(1);
  });
});

describe('G: input is what its schema says', () => {
  test.each([
    ['/tasks?limit=0x10', 400],
    ['/tasks?limit=1e1', 400],
    ['/tasks?limit=%2010', 400],
    ['/tasks?limit=', 400],
    ['/tasks?limit=1&limit=1', 400],
    ['/tasks?nosuch=1', 400],
    ['/?nosuch=1', 400],
    ['/demos?as=bogus', 400],
    ['/openapi.json?nosuch=1', 400],
    ['/demos/child-processes/stream?nosuch=1', 400],
    ['/tasks?cursor=%ff', 400],
    ['/%ff', 400],
    ['/livez?from=balancer', 200],
  ])('GET %s', async (target, status) => {
    expect(await statusOf(message(`GET ${target}`))).toBe(status);
  });

  test.each([
    ['bytes that are not UTF-8', '{"title":"h\xe9llo"}', 400],
    ['half a surrogate pair', '{"title":"\xed\xa0\x80"}', 400],
    ['an escaped half of a surrogate pair', '{"title":"\\ud83e"}', 400],
    ['blanks', '{"title":"   "}', 201],
    ['200 characters of two UTF-16 units each', `{"title":"${'\\ud83e\\udd80'.repeat(200)}"}`, 201],
    ['201 characters', `{"title":"${'x'.repeat(201)}"}`, 400],
  ])('a task with %s', async (_what, body, status) => {
    expect(await statusOf(Buffer.from(json(body), 'latin1'))).toBe(status);
  });

  test('JSON in another charset', async () => {
    expect(await statusOf(json('{"title":"a"}', { 'Content-Type': 'application/json; charset=utf-7' }))).toBe(
      415,
    );
  });
});

describe('H: who is asking', () => {
  const foreign = { Host: 'rebound.example', Origin: 'http://rebound.example' };
  test.each(['POST /demos/failures/leak', 'POST /demos/profiling/heap-snapshot', 'GET /live'])(
    '%s for a foreign host on a loopback address',
    async (line) => {
      expect(await statusOf(message(line, foreign))).toBe(403);
    },
  );

  test.each(['GET /workers', 'GET /metrics', 'POST /reload', 'GET /livez'])(
    '%s on the management port for a foreign host',
    async (line) => {
      expect(await statusOf(message(line, foreign), program.managementUrl)).toBe(403);
    },
  );
});

describe('I: figures', () => {
  test('totals do not fall over a reload', async () => {
    const read = async () => (await fetch(`${program.managementUrl}/metrics`)).text();
    const count = (text: string) =>
      Number(/^nodejs_eventloop_time_seconds_total\{state="idle"\} (\S+)/m.exec(text)?.[1]);
    const before = await read();
    const reloaded = await fetch(`${program.managementUrl}/reload`, { method: 'POST' });
    expect(reloaded.status).toBe(200);
    expect(count(await read())).toBeGreaterThanOrEqual(count(before));
  });
});

describe('J: problems', () => {
  test.each(['418', '451', '499', '503', '599'])(
    'the code of a %s is listed, and it says when to retry',
    async (status) => {
      const { text } = await exchange(message(`GET /demos/failures/teapot?status=${status}`));
      const { code } = JSON.parse(text.slice(text.indexOf('{'))) as { code: string };
      const { problems } = (await (await program.get('/problems')).json()) as {
        problems: { code: string }[];
      };
      expect(problems.map((problem) => problem.code)).toContain(code);
      expect(/^Retry-After: /im.test(text)).toBe(status === '503');
    },
  );

  test('the instance is a URI reference', async () => {
    const { text } = await exchange(message('GET /"<>'));
    expect(text).toContain('"instance":"/%22%3C%3E"');
  });
});
