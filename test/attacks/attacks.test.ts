/** The attacks of docs/security.md: each succeeds the wrong way, and is refused by the service. */
import { existsSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, test } from '@jest/globals';
import express from 'express';
import request from 'supertest';
import { z } from 'zod';
import { kinds } from '../../src/demos/security/forged-tokens.ts';
import { LocalIssuer } from '../../src/identity/local-issuer.ts';
import { requireToken } from '../../src/identity/require-token.ts';
import { createTokenVerifier } from '../../src/identity/token-verifier.ts';
import { sources } from '../../src/practices/list.ts';
import type { Task } from '../../src/tasks/task.ts';
import { openOutbound, outcomeOf, resolveTo, serve } from '../outbound/service.ts';
import { root } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const issuer = await LocalIssuer.start();
afterAll(() => issuer[Symbol.asyncDispose]());
const aud = 'exemplar';
const { client } = await useTestApp({ env: { AUTH_ISSUER: issuer.url, AUTH_AUDIENCE: aud } });

const as = async (sub: string, scope = 'tasks:read tasks:write') => ({
  Authorization: `Bearer ${await issuer.sign({ sub, aud, scope })}`,
});

/** The result of a demo that tries the attack the wrong way. */
async function demo<Result>(path: string, body?: object): Promise<Result> {
  const url = `/demos/security/${path}`;
  const response = await (body === undefined ? client.get(url) : client.post(url).send(body)).expect(200);
  return (response.body as { result: Result }).result;
}

interface Attack {
  /** Of the OWASP API Security Top 10. */
  readonly row: string;
  readonly attack: string;
  /** How often it succeeds the wrong way. */
  readonly wrongWay: () => Promise<number>;
  /** How often it succeeds at the service. */
  readonly service: () => Promise<number>;
}

const LARGE = 'x'.repeat(1_000_000);

const attacks: readonly Attack[] = [
  {
    row: 'API1',
    attack: "read, change and delete another's task by its id",
    async wrongWay() {
      const { ways } = await demo<{ ways: { foreignReadable: number }[] }>('ownership');
      return ways[0]?.foreignReadable ?? 0;
    },
    async service() {
      const ada = await as('ada');
      const eve = { ...(await as('eve')), 'If-Match': '*' };
      const created = await client.post('/tasks').set(ada).send({ title: 'Private' }).expect(201);
      const path = `/tasks/${(created.body as Task).id}`;
      const responses = [
        await client.get(path).set(eve),
        await client.put(path).set(eve).send({ title: 'Mine', done: true }),
        await client.delete(path).set(eve),
      ];
      await client.get(path).set(ada).expect(200);
      return responses.filter(({ status }) => status !== 404).length;
    },
  },
  {
    row: 'API2',
    attack: 'forge a token',
    async wrongWay() {
      const { rows } = await demo<{ rows: { token: string; decoded: boolean }[] }>('tokens');
      return rows.filter(({ token, decoded }) => token !== 'genuine' && decoded).length;
    },
    async service() {
      const forged = kinds.filter(({ genuine }) => !genuine);
      const tokens = await Promise.all(forged.map(({ make }) => make(issuer)));
      const accepted = [];
      for (const token of tokens) {
        const { status } = await client.get('/tasks').auth(token, { type: 'bearer' });
        if (status !== 401) accepted.push(token);
      }
      await client
        .get('/tasks')
        .set(await as('ada'))
        .expect(200);
      return accepted.length;
    },
  },
  {
    row: 'API3',
    attack: 'set fields of an object that the caller may not set',
    async wrongWay() {
      const { ways } = await demo<{ ways: { seized: string[] }[] }>('mass-assignment', { role: 'admin' });
      return ways[0]?.seized.length ?? 0;
    },
    async service() {
      const fields = { id: '01890a5d-ac96-774b-bcce-b302099a8057', owner: 'ada', version: 9, role: 'admin' };
      const accepted = [];
      for (const [name, value] of Object.entries(fields)) {
        const body = { title: 'Mine', [name]: value };
        const response = await client
          .post('/tasks')
          .set(await as('eve'))
          .send(body);
        if (response.status !== 400) accepted.push(name);
      }
      return accepted.length;
    },
  },
  {
    row: 'API4',
    attack: 'send a huge body, and ask for a huge list',
    async wrongWay() {
      const app = express();
      app.use(express.json({ limit: Infinity }));
      app.post('/', (req, res) => res.json({ length: (req.body as { title: string }).title.length }));
      const response = await request(app).post('/').send({ title: LARGE });
      return (response.body as { length: number }).length === LARGE.length ? 1 : 0;
    },
    async service() {
      const ada = await as('ada');
      const statuses = [
        (await client.post('/tasks').set(ada).send({ title: LARGE })).status,
        (await client.get('/tasks?limit=1000000').set(ada)).status,
      ];
      return statuses.filter((status) => status !== 413 && status !== 400).length;
    },
  },
  {
    row: 'API5',
    attack: 'write with a token that may only read',
    async wrongWay() {
      const verify = createTokenVerifier({ issuer: issuer.url, audience: aud, jwksUrl: issuer.jwksUrl });
      const authorization = (await as('ada', 'tasks:read')).Authorization;
      // A guard that names no scope takes any valid token.
      const caller = await requireToken(verify).check({ headers: { authorization } } as never, {} as never);
      return caller.id === 'ada' ? 1 : 0;
    },
    async service() {
      const reader = { ...(await as('ada', 'tasks:read')), 'If-Match': '*' };
      const path = '/tasks/01890a5d-ac96-774b-bcce-b302099a8057';
      const responses = [
        await client.post('/tasks').set(reader).send({ title: 'New' }),
        await client.put(path).set(reader).send({ title: 'New', done: true }),
        await client.delete(path).set(reader),
      ];
      return responses.filter(({ status }) => status !== 403).length;
    },
  },
  {
    row: 'API7',
    attack: 'send the service into its own network',
    async wrongWay() {
      const { checks } = await demo<{ checks: { internalReached: number }[] }>('ssrf');
      return checks[0]?.internalReached ?? 0;
    },
    async service() {
      await using internal = await serve((_req, res) => res.end());
      await using outbound = openOutbound({ lookup: resolveTo(['127.0.0.1']), ports: [internal.port] });
      const hosts = ['127.0.0.1', '[::ffff:127.0.0.1]', '0', 'localhost', 'intranet.test'];
      for (const host of hosts) {
        await outcomeOf(outbound.client({ urls: 'public' }).request(`http://${host}:${internal.port}/`));
      }
      return internal.connections;
    },
  },
  {
    row: 'API8',
    attack: "use a visitor's session from another site",
    async wrongWay() {
      const { checks } = await demo<{ checks: { forgedExecuted: number }[] }>('csrf');
      return Math.max(...checks.map(({ forgedExecuted }) => forgedExecuted));
    },
    async service() {
      const evil = { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' };
      const unsafe = await client
        .post('/tasks')
        .set({ ...(await as('ada')), ...evil })
        .send({ title: 'Forged' });
      const read = await client.get('/tasks').set({ ...(await as('ada')), ...evil });
      const open = read.headers['access-control-allow-origin'] === undefined ? 0 : 1;
      return open + (unsafe.status === 403 ? 0 : 1);
    },
  },
  {
    row: 'API9',
    attack: 'find what is served but not documented',
    async wrongWay() {
      const app = express().use(express.static(root, { dotfiles: 'allow' }));
      return (await countFound(request(app))).length;
    },
    service: async () => (await countFound(client)).length,
  },
  {
    row: 'API10',
    attack: 'respond with a bomb, with another shape, with a redirect',
    async wrongWay() {
      await using server = await startBadService();
      const bomb = await (await fetch(`${server.url}/bomb`)).text();
      const shape = (await (await fetch(`${server.url}/shape`)).json()) as { id: unknown };
      const redirected = await fetch(`${server.url}/redirect`);
      return [bomb.length > 5_000_000, shape.id === 'not a number', redirected.redirected].filter(Boolean)
        .length;
    },
    async service() {
      await using server = await startBadService();
      await using outbound = openOutbound();
      const response = z.object({ id: z.number() });
      const outcomes = [];
      for (const path of ['bomb', 'shape', 'redirect']) {
        outcomes.push(await outcomeOf(outbound.client().request(`${server.url}/${path}`, { response })));
      }
      return outcomes.filter((outcome) => outcome === 'ok').length;
    },
  },
];

/** Files of a deployment, and paths of other services that scanners ask for. */
async function countFound(agent: Pick<ReturnType<typeof request>, 'get'>): Promise<string[]> {
  const paths = ['/package.json', '/.git/HEAD', '/.env', '/src/main.ts', '/tsconfig.json', '/metrics'];
  paths.push(
    '/admin',
    '/debug',
    '/v1/tasks',
    '/api/tasks',
    '/actuator/env',
    '/server-status',
    '/phpinfo.php',
  );
  const found = [];
  for (const path of paths) if ((await agent.get(path)).status !== 404) found.push(path);
  return found;
}

function startBadService() {
  const bomb = gzipSync(Buffer.alloc(10_000_000, ' '));
  return serve((req, res) => {
    const json = { 'Content-Type': 'application/json' };
    if (req.url === '/bomb') res.writeHead(200, { ...json, 'Content-Encoding': 'gzip' }).end(bomb);
    else if (req.url === '/redirect') res.writeHead(302, { Location: '/shape' }).end();
    else res.writeHead(200, json).end('{"id":"not a number"}');
  });
}

describe('the OWASP API Security Top 10', () => {
  test.each(attacks)('$row: $attack', async ({ wrongWay, service }) => {
    expect(await wrongWay()).toBeGreaterThan(0);
    expect(await service()).toBe(0);
  });
});

describe('docs/security.md', () => {
  const page = readFileSync(`${root}docs/security.md`, 'utf8');
  const rows = [...page.matchAll(/^\| (API\d+) +\| (.+?) +\|/gm)].map(
    ([, row, attack]) => `${row} ${attack}`,
  );

  test('names every attack, and every row of the list', () => {
    const refused = attacks.map(({ row, attack }) => `${row} ${attack}`);
    expect(refused.filter((attack) => !rows.includes(attack))).toEqual([]);
    const listed = sources.find(({ id }) => id === 'owasp-api')?.practices.map(({ id }) => id);
    expect([...new Set(rows.map((row) => row.split(' ')[0]))]).toEqual(listed);
  });

  test('names files that exist', () => {
    const files = [...page.matchAll(/`((?:src|test|docs|docker)\/[\w./-]+)`/g)].map(([, file = '']) => file);
    expect(files.length).toBeGreaterThan(20);
    expect(files.filter((file) => !existsSync(root + file))).toEqual([]);
  });
});
