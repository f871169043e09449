/** The index of practices: every row names what exists, and demos claim only what a row says of them. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { ESLint } from 'eslint';
import { demos } from '../../src/demos/demos.ts';
import { sources } from '../../src/practices/list.ts';
import { practice, type Practice } from '../../src/practices/practice.ts';
import { faults } from '../faults/list.ts';
import { scenarios } from '../load/list.ts';
import { root } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();
const all = sources.flatMap(({ practices }) => practices);
const byId = new Map(all.map((row) => [row.id, row]));

const filesOf = (row: Practice) => ('files' in row ? row.files : []);
const proofsOf = (row: Practice) => ('proofs' in row ? (row.proofs ?? []) : []);

/** The file of a path exists; the path of a folder ends with a slash. */
const exists = (path: string) => existsSync(root + path);

/** The checks of `npm test`. */
const checks = [
  ...readFileSync(`${root}test/tools/check/check.ts`, 'utf8').matchAll(/names: \[(.+)\]/g),
].flatMap(([, names = '']) => [...names.matchAll(/'(\w+)'/g)].map(([, name]) => name));

const ciFiles = ['.ci/run', '.github/dependabot.yml', ...globSync('.github/workflows/*.yml', { cwd: root })];
const ci = ciFiles.map((file) => readFileSync(root + file, 'utf8')).join('\n');
const { rules } = (await new ESLint({ cwd: root }).calculateConfigForFile(`${root}src/app.ts`)) as {
  rules: Readonly<Record<string, readonly [severity: number] | undefined>>;
};

const proofExists: Readonly<Record<string, (name: string) => boolean>> = {
  fault: (name) => faults.some((fault) => fault.name === name),
  load: (name) => scenarios.some((scenario) => scenario.name === name),
  lint: (name) => (rules[name]?.[0] ?? 0) === 2,
  check: (name) => checks.includes(name),
  ci: (text) => ci.includes(text),
};

function isProof(proof: string): boolean {
  const [, kind = '', name = ''] = /^(\w+):(.+)$/.exec(proof) ?? [];
  return proofExists[kind]?.(name) ?? exists(proof);
}

/** Whether a request of a row reaches a route and is valid for it. */
async function isRoute(given: string): Promise<boolean> {
  const [, post, port, target = ''] = /^(POST )?(:3001)?(\/.*)$/.exec(given) ?? [];
  const { pathname, searchParams } = new URL(target, 'http://localhost');
  if (port !== undefined) {
    return readFileSync(`${root}src/supervision/management.ts`, 'utf8').includes(`'${pathname}': {`);
  }
  const method = post === undefined ? 'get' : 'post';
  const found = service.features
    .flatMap(({ base, routes }) => routes.map((route) => ({ ...route, path: base + route.path })))
    .find((route) => route.path === pathname && (route.method === method || route.method === 'all'));
  if (found === undefined) return (await service.client.get(pathname)).status === 200;
  return found.query?.safeParse(Object.fromEntries(searchParams)).success ?? searchParams.size === 0;
}

/** What rows name that does not exist: `2.1: test/gone.test.ts`. */
const missing = (namesOf: (row: Practice) => readonly string[], isThere: (name: string) => boolean) =>
  all.flatMap((row) =>
    namesOf(row)
      .filter((name) => !isThere(name))
      .map((name) => `${row.id}: ${name}`),
  );

describe('the index of practices', () => {
  test('has no two rows with the same id', () => {
    expect(byId.size).toBe(all.length);
  });

  test('has only complete rows: a shown one has files and a proof, any other one a reason', () => {
    const problems = all.map((row) => [row.id, practice.safeParse(row).error?.message]);
    expect(problems.filter(([, problem]) => problem !== undefined)).toEqual([]);
  });

  test('names only files that exist', () => {
    expect(missing(filesOf, exists)).toEqual([]);
  });

  test('names only proofs that exist', () => {
    expect(missing(proofsOf, isProof)).toEqual([]);
  });

  test('names only requests that reach a route and are valid', async () => {
    const requests = all.flatMap(({ id, route }) => (route === undefined ? [] : [{ id, route }]));
    const wrong = [];
    for (const request of requests) if (!(await isRoute(request.route))) wrong.push(request);
    expect(requests.length).toBeGreaterThan(50);
    expect(wrong).toEqual([]);
  });

  test('refers only to rows with a reason of their own', () => {
    const references = all.flatMap((row) => ('reason' in row ? [/^See (\S+)\.$/.exec(row.reason)?.[1]] : []));
    const wrong = references.filter((id) => {
      const row = id === undefined ? undefined : byId.get(id);
      return id !== undefined && (row === undefined || !('reason' in row) || row.reason.startsWith('See '));
    });
    expect(wrong).toEqual([]);
  });
});

describe('the practices that a demo claims', () => {
  const claims = demos.flatMap(({ id, practices }) => practices.map((number) => [id, number] as const));

  test.each(claims)('%s shows %s, at least partly, according to its row', (demo, number) => {
    const row = byId.get(number);
    expect(['shown', 'partly']).toContain(row?.status);
    const shownBy = row === undefined ? [] : [row.route ?? '', ...filesOf(row)];
    expect(shownBy.join(' ')).toContain(`/demos/${demo}/`);
  });
});

describe('GET /practices', () => {
  test('lists every practice and counts them by status', async () => {
    const response = await service.client.get('/practices').set('Accept', 'application/json').expect(200);
    const body = response.body as { counts: Record<string, number> };
    expect(body).toMatchObject({ total: all.length, sources });
    expect(Object.values(body.counts).reduce((sum, count) => sum + count, 0)).toBe(all.length);
  });

  test('filters by source, status and id', async () => {
    const list = async (query: string) => {
      const response = await service.client.get(`/practices?${query}&as=json`).expect(200);
      return (response.body as { sources: { id: string; practices: Practice[] }[] }).sources.flatMap(
        (source) => source.practices.map((row) => `${source.id} ${row.id} ${row.status}`),
      );
    };
    const factors = await list('source=twelve-factor');
    expect(factors).toHaveLength(12);
    expect(await list('source=twelve-factor&status=otherwise')).toEqual(
      factors.filter((row) => row.endsWith(' otherwise')),
    );
    expect(await list('id=2.6,XII')).toEqual([
      'nodebestpractices 2.6 shown',
      expect.stringMatching(/^twelve-factor XII /),
    ]);
    expect(await list('id=0')).toEqual([]);
    await service.client.get('/practices?source=none').expect(400);
    await service.client.get('/practices?status=none').expect(400);
  });

  test('is text for a terminal on request, with a command on the host of the request', async () => {
    const { text } = await service.client
      .get('/practices?id=6.4,5.1&as=text')
      .set('Host', 'here.example:81')
      .expect('Content-Type', /text\/plain/)
      .expect(200);
    expect(text).toMatch(/^2 practices: 1 shown, 1 partly, /);
    expect(text).toContain("$ curl -s 'here.example:81/demos/database/parameters?as=text'");
    expect(text).toContain('$ curl -s here.example:3001/metrics');
    expect(text.split('\n').filter((line) => line.length > 80 && !line.includes('$ '))).toEqual([]);
  });
});
