import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from '@jest/globals';
import { findFreePort } from '../support/free-port.ts';
import { Program } from '../support/program.ts';

const planted: string[] = [];

/** A text that must not be in any output. */
function plant(where: string): string {
  const secret = `planted-${where}-0123456789`;
  planted.push(secret, Buffer.from(`me:${secret}`).toString('base64'));
  return secret;
}

const nothingThere = await findFreePort();
const closed = `127.0.0.1:${nothingThere}`;

/** Which of the planted secrets an output contains. */
const foundIn = (output: string) => planted.filter((secret) => output.includes(secret));

describe('a service that runs', () => {
  const token = plant('management-token');
  const started = Program.start({
    WORKERS: '1',
    LOG_LEVEL: 'trace',
    MANAGEMENT_TOKEN: token,
    COOKIE_SECRET: plant('cookie-secret'),
    REDIS_URL: `redis://me:${plant('redis-password')}@${closed}`,
    WEBHOOK_URL: `http://${closed}/${plant('webhook-path')}?key=${plant('webhook-query')}`,
    WEBHOOK_SECRET: plant('webhook-secret'),
  });
  afterAll(async () => (await started)[Symbol.asyncDispose]());

  /** Sends exactly these bytes; `%s` in them is a planted secret. */
  async function send(url: string, where: string, lines: readonly string[], body = ''): Promise<string> {
    const secret = plant(where);
    const bytes = `${[...lines, 'Connection: close'].join('\r\n')}\r\n\r\n${body}`;
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.write(bytes.replaceAll('%s', secret));
    return text(socket);
  }

  const json = (body: string, path = '/tasks') => [
    `POST ${path} HTTP/1.1`,
    'Host: localhost',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body.replaceAll('%s', 'planted-body-0123456789'))}`,
  ];
  const get = (...headers: string[]) => ['GET /tasks HTTP/1.1', 'Host: localhost', ...headers];

  test.each([
    ['bearer', get('Authorization: Bearer %s'), ''],
    ['cookie', get('Cookie: session=%s; __Host-visits=1.%s.%s'), ''],
    ['api-key', get('X-Api-Key: %s', 'Proxy-Authorization: Basic %s'), ''],
    ['referer', get('Referer: https://x.example/?token=%s', 'User-Agent: %s', 'Origin: %s'), ''],
    ['query', ['GET /tasks?access_token=%s HTTP/1.1', 'Host: localhost'], ''],
    ['bad-query', ['GET /tasks?limit=%s HTTP/1.1', 'Host: localhost'], ''],
    ['url', ['GET http://me:%s@localhost/livez HTTP/1.1', 'Host: localhost'], ''],
    ['host', ['GET /livez HTTP/1.1', 'Host: me:%s@localhost'], ''],
    ['body', json('{"title":"%s","password":"%s"}'), '{"title":"%s","password":"%s"}'],
    ['body', json('{"title":"%s'), '{"title":"%s'],
    ['body', json('{"title":"x","done":"%s"}'), '{"title":"x","done":"%s"}'],
    ['body', json('%s', '/livez'), '%s'],
    ['unparsable', get('X-Bad: \0%s'), ''],
  ])('responds to a request with a secret as %s', async (where, lines, body) => {
    const response = await send((await started).url, where, lines, body);
    expect(response).toMatch(/^HTTP\/1\.1 \d{3} /);
  });

  test.each([
    ['wrong-token', ['GET /workers HTTP/1.1', 'Host: localhost', 'Authorization: Bearer %s']],
    ['management-query', ['POST /reload?token=%s HTTP/1.1', 'Host: localhost']],
  ])('rejects a management request with a %s', async (where, lines) => {
    const response = await send((await started).managementUrl, where, lines);
    expect(response).toMatch(/^HTTP\/1\.1 401 /);
  });

  test('logs what happened, and none of the secrets', async () => {
    const program = await started;
    await program.logged('rate-limit-local');
    const created = await program.get('/tasks', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ title: plant('title'), done: false }),
    });
    const { id } = (await created.json()) as { id: string };
    const put = await program.get(`/tasks/${id}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', 'if-match': created.headers.get('etag') ?? '' },
      body: JSON.stringify({ title: plant('changed-title'), done: true }),
    });
    expect(put.status).toBe(200);
    await program.logged('job-failed');
    const deliveries = await (await program.get(`/tasks/${id}/deliveries`)).text();
    expect(foundIn(deliveries)).toEqual([]);
    const headers = { authorization: `Bearer ${plant('failing')}` }; // template: omit
    await program.get('/demos/failures/hidden?as=' + plant('as'), { headers }); // template: omit
    await program.get('/demos/failures/hidden', { headers }); // template: omit
    await program.logged('request-failed'); // template: omit
    await program.get('/path-is-logged');
    await program.logged('request', { path: '/path-is-logged' });
    await program.stop();

    const output = program.output + program.errors;
    expect(planted.length).toBeGreaterThan(20);
    expect(output).toContain('/path-is-logged');
    expect(foundIn(output)).toEqual([]);
  });
});

describe('a service that cannot start', () => {
  const invalid = {
    DATABASE_URL: `postgres//me:${plant('database')}@h/x`,
    REDIS_URL: `http://me:${plant('unknown-protocol')}@h`,
    WEBHOOK_URL: `http://me:${plant('receiver')}@h`, // without a user name and password
    MANAGEMENT_TOKEN: `${plant('spaces')} with spaces`,
    WEBHOOK_SECRET_FILE: plant('in-place-of-its-file'),
  };

  test.each([
    ['an unreachable database', 69, { DATABASE_URL: `postgres://me:${plant('start')}@${closed}/x` }],
    ['invalid variables', 78, invalid],
  ])('does not show the secrets of %s, and exits with %i', async (_what, code, variables) => {
    await using program = Program.launch({ WORKERS: '1', ...variables });
    expect((await program.exited).code).toBe(code);
    for (const name of Object.keys(variables)) expect(program.errors).toContain(name);
    expect(foundIn(program.output + program.errors)).toEqual([]);
  });
});
