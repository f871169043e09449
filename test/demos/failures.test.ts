import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestApp, type TestApp } from '../support/app.ts';

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
