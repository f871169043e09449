import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { createTestApp } from '../support/app.ts';
import { Program, until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

interface ProblemBody {
  readonly code: string;
  readonly status: number;
  readonly detail?: string;
  readonly requestId: string;
  readonly errors?: readonly { readonly name: string }[];
}

const service = await useTestApp();

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

describe('failures in a request', () => {
  test('responds with the same code, and its own detail, to an error of every origin', async () => {
    const problems = [];
    for (const origin of ['throw', 'reject', 'callback', 'emitter', 'stream']) {
      problems.push(await fail(origin, 409));
    }

    expect(new Set(problems.map(({ code }) => code))).toEqual(new Set(['conflict']));
    expect(new Set(problems.map(({ detail }) => detail)).size).toBe(problems.length);
  });

  test('logs the cause of an error and leaves it out of the response', async () => {
    const problem = await fail('callback', 409);

    expect(JSON.stringify(problem)).not.toMatch(/ENOENT|no-such-file/);
    expect(JSON.stringify(loggedFor(problem))).toMatch(/ENOENT/);
  });

  test('hides a programming error from the caller and logs it in full', async () => {
    const problem = await fail('hidden', 500);

    expect(problem).not.toHaveProperty('detail');
    expect(JSON.stringify(problem)).not.toMatch(/password|TypeError/);
    expect(JSON.stringify(loggedFor(problem))).toMatch(/TypeError.*password/);
  });

  test('names every invalid field in one response and accepts valid input', async () => {
    const none = await fail('validation', 400);
    const one = await fail('validation?name=Ada&age=151&color=red', 400);
    const right = await service.client
      .get('/demos/failures/validation?name=Ada&age=36&color=red')
      .expect(200);

    expect(none.errors?.map(({ name }) => name)).toEqual(['name', 'age', 'color']);
    expect(one.errors?.map(({ name }) => name)).toEqual(['age']);
    expect((right.body as { result: unknown }).result).toEqual({ name: 'Ada', age: 36, color: 'red' });
  });

  test('responds with any requested error status and rejects a status of success', async () => {
    expect((await fail('teapot', 418)).status).toBe(418);
    expect((await fail('teapot?status=507', 507)).code).toBe('http-507');
    expect((await fail('teapot?status=200', 400)).code).toBe('invalid-input');
    expect((await fail('not-found', 404)).code).toBe('not-found');
  });

  test('keeps leaked memory through garbage collections and adds up over calls', async () => {
    const first = await service.client.post('/demos/failures/leak?mb=20').expect(200);
    const second = await service.client.post('/demos/failures/leak?mb=20').expect(200);
    const { result } = first.body as { result: Record<string, number> };
    const { result: later } = second.body as { result: Record<string, number> };

    expect(Number(result['heapAfterBytes']) - Number(result['heapBeforeBytes'])).toBeGreaterThan(15e6);
    expect(later['leakedBytes']).toBe(2 * Number(result['leakedBytes']));
    expect(Number(later['heapAfterBytes']) - Number(result['heapBeforeBytes'])).toBeGreaterThan(30e6);
  });

  test('rejects every dangerous route with 403 if DANGER is off', async () => {
    await using guarded = await createTestApp({ env: { DANGER: 'off' } });
    for (const path of ['block', 'exit', 'leak', 'kill', 'uncaught-exception', 'unhandled-rejection']) {
      await guarded.client.post(`/demos/failures/${path}`).expect(403);
    }
  });
});

describe('the right and the wrong way to handle an error', () => {
  interface Observed {
    readonly result: { readonly ways: readonly Readonly<Record<string, unknown>>[] };
    readonly lesson: { readonly headline: string; readonly text: string };
  }
  const conflict = {
    client: '409',
    bystander: '200',
    exitCode: null,
    causeInLog: true,
    causeInResponse: false,
  };
  const crash = { client: 'cut', bystander: 'cut', exitCode: 1, causeInLog: true, causeInResponse: false };

  test.each([
    ['throw', conflict, crash, /the process exited with 1$/],
    ['callback', conflict, crash, /the process exited with 1$/],
    ['emitter', conflict, crash, /the process exited with 1$/],
    ['reject', conflict, { ...conflict, client: '200' }, /Handled wrong: 200$/],
    ['stream', conflict, { ...conflict, client: 'no response' }, /Handled wrong: no response$/],
    [
      'hidden',
      { ...conflict, client: '500' },
      { ...conflict, client: '500', causeInLog: false, causeInResponse: true },
      /Handled wrong: 500, which reveals the cause$/,
    ],
  ])('%s', async (origin, right, wrong, headline) => {
    const response = await service.client.get(`/demos/failures/${origin}?as=json`).expect(200);
    const { result, lesson } = response.body as Observed;

    expect(result.ways).toEqual([
      { way: 'right', ...right },
      { way: 'wrong', ...wrong },
    ]);
    expect(lesson.headline).toMatch(headline);
    expect(lesson.text.includes('Another request')).toBe(wrong === crash);
  });
});

describe('failures/aftermath', () => {
  interface Aftermath {
    readonly result: Readonly<Record<string, unknown>> & { readonly exitedMs: number | null };
    readonly lesson: { readonly headline: string; readonly text: string };
  }
  const all = { answered: 20, cut: 0, refused: 0 };
  const none = { answered: 0, cut: 20, refused: 0 };
  const goesOn = { exitCode: null, signal: null, late: { answered: 10, cut: 0, refused: 0 } };

  test.each([
    ['handled', all, goesOn, /cut 0 of 20/, /went on.*Nothing was lost but/],
    ['block', all, goesOn, /cut 0 of 20/, /everything waited until the event loop was free/],
    ['exit', none, { exitCode: 7 }, /cut 20 of 20/, /code 7 .*Nothing was drained/],
    ['sigkill', none, { signal: 'SIGKILL' }, /cut 20 of 20/, /SIGKILL .*Nothing was drained/],
    ['sigterm', all, { exitCode: 0 }, /cut 0 of 20/, /code 0 .*It drained/],
    ['sigterm&handlers=none', none, { signal: 'SIGTERM' }, /cut 20 of 20/, /Nothing was drained/],
    ['uncaught', all, { exitCode: 80 }, /cut 0 of 20/, /code 80 .*It drained/],
    ['uncaught&handlers=none', none, { exitCode: 1 }, /cut 20 of 20/, /Nothing was drained/],
    ['unhandled', all, { exitCode: 81 }, /cut 0 of 20/, /code 81 .*It drained/],
    ['unhandled&handlers=none', none, { exitCode: 1 }, /cut 20 of 20/, /Nothing was drained/],
  ])('%s: %j in flight', async (end, inFlight, exit, headline, text) => {
    // On a busy machine the service may respond before it fails: the lesson says so.
    const { result, lesson } = await until('a failure with every request in flight', async () => {
      const response = await service.client.get(`/demos/failures/aftermath?end=${end}`).expect(200);
      const body = response.body as Aftermath;
      return body.lesson.headline.startsWith('This run does not tell') ? undefined : body;
    });

    expect(result).toMatchObject({ waitingAtTheEnd: 20, inFlight, ...exit });
    expect(result.exitedMs === null).toBe(exit === goesOn);
    expect(lesson.headline).toMatch(headline);
    expect(lesson.text).toMatch(text);
  });
});

describe('failures that end a worker', () => {
  interface Announced {
    readonly result: {
      readonly watch: readonly string[];
      readonly cluster?: { readonly othersReady: number; readonly lastCrash: object | null };
    };
    readonly lesson: { readonly headline: string; readonly text: string };
  }
  const abrupt = /Nothing is drained/;
  const drained = /completes its requests in flight/;

  async function end(program: Program, path: string): Promise<Announced> {
    const response = await program.get(`/demos/failures/${path}`, { method: 'POST' });
    return (await response.json()) as Announced;
  }

  test.each([
    ['kill', abrupt, { event: 'crashed', signal: 'SIGKILL' }],
    ['exit?code=7', abrupt, { event: 'crashed', code: 7 }],
    ['kill?signal=SIGTERM', drained, { event: 'ended', code: 0 }],
    ['uncaught-exception', drained, { event: 'crashed', code: 80 }],
  ])('%s: the primary replaces the worker and logs the announced event', async (path, how, line) => {
    await using program = await Program.start({ WORKERS: '1' });
    const { result, lesson } = await end(program, path);
    const logged = await program.logged(line.event, line);

    expect(lesson.text).toMatch(how);
    expect(lesson.text).toMatch(/No other worker serves until .*, and the last start of a worker took \d/);
    expect(lesson.headline).toContain('the primary will replace it');
    expect(result.watch).toContain(`curl -s ${program.managementUrl}/workers`);
    expect(result.watch.join()).toContain(`"${String(logged['event'])}"`);
  });

  test.each([
    ['kill', abrupt, { code: null, signal: 'SIGKILL' }, /notified of signal SIGKILL/],
    ['exit?code=7', abrupt, { code: 7, signal: null }, /notified of code 7/],
    ['kill?signal=SIGTERM', drained, { code: 0, signal: null }, /"stopping" with reason SIGTERM/],
    ['unhandled-rejection', drained, { code: 81, signal: null }, /"stopping".*exitCode 81/],
  ])('%s without a cluster: the process exits and nothing replaces it', async (path, how, exit, evidence) => {
    await using program = await Program.start({ WORKERS: '0' });
    const { result, lesson } = await end(program, path);

    expect(lesson.text).toMatch(how);
    expect(lesson.headline).toContain('nothing will replace it');
    expect(result.watch).toContain(`curl -s ${program.managementUrl}/workers`);
    expect(result.watch.join()).toMatch(evidence);
    expect(await program.exited).toEqual(exit);
  });

  test('names what the last crash cost: who served, and when the replacement was ready', async () => {
    await using program = await Program.start({ WORKERS: '2' });
    const first = await end(program, 'exit?code=7');
    const replaced = await program.logged('replaced');
    const second = await end(program, 'kill');

    expect(first.result.cluster).toMatchObject({ othersReady: 1, lastCrash: null });
    expect(first.lesson.text).toContain('No worker has crashed and been replaced yet');
    expect(second.result.cluster?.lastCrash).toEqual({
      code: 7,
      signal: null,
      replacedAfterMs: replaced['afterMs'],
    });
    expect(second.lesson.text).toMatch(/The last worker that crashed \(code 7\) was replaced after/);
  });

  test.each(['kill?signal=SIGHUP', 'block?ms=100'])('%s: the process goes on, as announced', async (path) => {
    await using program = await Program.start({ WORKERS: '0' });
    const { lesson } = await end(program, path);
    await sleep(300);

    expect(lesson.headline).toContain('will not exit');
    expect(lesson.text).not.toMatch(/replace/);
    expect((await program.get('/livez')).status).toBe(200);
  });

  test('a blocked event loop is killed by the primary, and only reported without one', async () => {
    await using alone = await Program.start({ WORKERS: '0', HEARTBEAT_TIMEOUT_MS: '500' });
    await using clustered = await Program.start({ WORKERS: '1', HEARTBEAT_TIMEOUT_MS: '500' });
    // Ten times the timeout, which does not count the time that a busy machine keeps the process from a CPU.
    const { lesson: continues, result } = await end(alone, 'block?ms=5000');
    const { lesson: isKilled } = await end(clustered, 'block?ms=5000');

    expect(isKilled.text).toContain('the primary kills it');
    expect(await clustered.logged('crashed')).toMatchObject({ signal: 'SIGKILL' });
    expect(continues.text).toContain('then it continues');
    expect(result.watch.join()).toContain('"event-loop-blocked"');
    await alone.logged('event-loop-blocked', { pid: alone.pid });
    expect((await alone.get('/livez')).status).toBe(200);
  });
});
