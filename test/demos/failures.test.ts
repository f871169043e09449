import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestApp, type TestApp } from '../support/app.ts';
import { Program } from '../support/program.ts';

interface ProblemBody {
  readonly code: string;
  readonly status: number;
  readonly detail?: string;
  readonly requestId: string;
  readonly errors?: readonly { readonly name: string }[];
}

let service: TestApp;
beforeAll(async () => {
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function fail(path: string, status: number): Promise<ProblemBody> {
  const response = await service.client.get(`/demos/failures/${path}`).expect(status);
  expect(response.headers['content-type']).toMatch(/^application\/problem\+json/);
  const body = response.body as ProblemBody;
  expect(body.requestId).toBe(response.headers['x-request-id']);
  return body;
}

function loggedFor({ requestId }: ProblemBody) {
  return service.logged.filter((line) => line['requestId'] === requestId && line['event'] !== 'request');
}

describe('failures', () => {
  test('an error of every origin becomes the same problem, with a detail of its own', async () => {
    const problems = [];
    for (const origin of ['throw', 'reject', 'callback', 'emitter', 'stream']) {
      problems.push(await fail(origin, 409));
    }

    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['conflict']));
    expect(new Set(problems.map(({ detail }) => detail)).size).toBe(problems.length);
  });

  test('the error below is in the log and not in the answer', async () => {
    const problem = await fail('callback', 409);

    expect(JSON.stringify(problem)).not.toMatch(/ENOENT|no-such-file/);
    expect(JSON.stringify(loggedFor(problem))).toMatch(/ENOENT/);
  });

  test('a programming error is hidden from the caller and logged whole', async () => {
    const problem = await fail('hidden', 500);

    expect(problem).not.toHaveProperty('detail');
    expect(JSON.stringify(problem)).not.toMatch(/password|TypeError/);
    expect(JSON.stringify(loggedFor(problem))).toMatch(/TypeError.*password/);
  });

  test('validation names every wrong field at once, and passes what is right', async () => {
    const none = await fail('validation', 400);
    const one = await fail('validation?name=Ada&age=151&colour=red', 400);
    const right = await service.client
      .get('/demos/failures/validation?name=Ada&age=36&colour=red')
      .expect(200);

    expect(none.errors?.map(({ name }) => name)).toEqual(['name', 'age', 'colour']);
    expect(one.errors?.map(({ name }) => name)).toEqual(['age']);
    expect((right.body as { result: unknown }).result).toEqual({ name: 'Ada', age: 36, colour: 'red' });
  });

  test('any error status can be had as a problem, and no other', async () => {
    expect((await fail('teapot', 418)).status).toBe(418);
    expect((await fail('teapot?status=507', 507)).code).toBe('http-507');
    expect((await fail('teapot?status=200', 400)).code).toBe('invalid-input');
    expect((await fail('not-found', 404)).code).toBe('not-found');
  });

  test('a leak stays when garbage is collected, and adds up', async () => {
    const first = await service.client.post('/demos/failures/leak?mb=20').expect(200);
    const second = await service.client.post('/demos/failures/leak?mb=20').expect(200);
    const { result } = first.body as { result: Record<string, number> };
    const { result: later } = second.body as { result: Record<string, number> };

    expect(Number(result['heapAfterBytes']) - Number(result['heapBeforeBytes'])).toBeGreaterThan(15e6);
    expect(later['leakedBytes']).toBe(2 * Number(result['leakedBytes']));
    expect(Number(later['heapAfterBytes']) - Number(result['heapBeforeBytes'])).toBeGreaterThan(30e6);
  });

  test('what may end a worker is refused where danger is off', async () => {
    await using guarded = await createTestApp({ env: { DANGER: 'off' } });
    for (const path of ['block', 'exit', 'leak', 'kill', 'uncaught-exception', 'unhandled-rejection']) {
      await guarded.client.post(`/demos/failures/${path}`).expect(403);
    }
  });
});

describe('what ends a worker', () => {
  interface Announced {
    readonly result: { readonly watch: readonly string[] };
    readonly lesson: string;
  }
  const cut = /nothing is drained/;
  const drained = /finishes the requests that it has/;

  async function end(program: Program, path: string): Promise<Announced> {
    const response = await program.get(`/demos/failures/${path}`, { method: 'POST' });
    return (await response.json()) as Announced;
  }

  test.each([
    ['kill', cut, { event: 'crashed', signal: 'SIGKILL' }],
    ['exit?code=7', cut, { event: 'crashed', code: 7 }],
    ['kill?signal=SIGTERM', drained, { event: 'ended', code: 0 }],
    ['uncaught-exception', drained, { event: 'crashed', code: 80 }],
  ])('%s: another takes its place, and the log has the event that is promised', async (path, how, line) => {
    await using program = await Program.start({ WORKERS: '1' });
    const { result, lesson } = await end(program, path);
    const logged = await program.logged(line.event, line);

    expect(lesson).toMatch(how);
    expect(lesson).toContain('another worker in its place');
    expect(result.watch).toContain(`curl -s ${program.managementUrl}/workers`);
    expect(result.watch.join()).toContain(`«${String(logged['event'])}»`);
  });

  test.each([
    ['kill', cut, { code: null, signal: 'SIGKILL' }, /told signal SIGKILL/],
    ['exit?code=7', cut, { code: 7, signal: null }, /told code 7/],
    ['kill?signal=SIGTERM', drained, { code: 0, signal: null }, /«stopping» with reason SIGTERM/],
    ['unhandled-rejection', drained, { code: 81, signal: null }, /«stopping».*exitCode 81/],
  ])('%s of the only process there is: nobody takes its place', async (path, how, exit, seen) => {
    await using program = await Program.start({ WORKERS: '0' });
    const { result, lesson } = await end(program, path);

    expect(lesson).toMatch(how);
    expect(lesson).toContain('nobody takes its place');
    expect(result.watch).toContain(`curl -s ${program.managementUrl}/workers`);
    expect(result.watch.join()).toMatch(seen);
    expect(await program.exited).toEqual(exit);
  });

  test.each(['kill?signal=SIGHUP', 'block?ms=100'])('%s ends nothing, and does not say so', async (path) => {
    await using program = await Program.start({ WORKERS: '0' });
    const { lesson } = await end(program, path);
    await sleep(300);

    expect(lesson).not.toMatch(/takes its place|in its place/);
    expect((await program.get('/livez')).status).toBe(200);
  });

  test('an event loop that stands still is killed by the primary, and by nobody where there is none', async () => {
    await using alone = await Program.start({ WORKERS: '0', HEARTBEAT_TIMEOUT_MS: '500' });
    await using clustered = await Program.start({ WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '500' });
    const { lesson: goesOn } = await end(alone, 'block?ms=1500');
    const { lesson: isKilled } = await end(clustered, 'block?ms=5000');

    expect(isKilled).toContain('the primary kills it');
    expect(await clustered.logged('crashed')).toMatchObject({ signal: 'SIGKILL' });
    expect(goesOn).toContain('then it goes on');
    expect((await alone.get('/livez')).status).toBe(200);
  });
});
