import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import process from 'node:process';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { load } from '../support/load.ts';
import { startProbe } from '../support/probe.ts';
import { isAlive, Program, until } from '../support/program.ts';

interface Event {
  readonly event: string;
  readonly code?: number;
  readonly pid?: number;
}

async function events(program: Program): Promise<Event[]> {
  const response = await fetch(`${program.managementUrl}/workers`);
  return ((await response.json()) as { events: Event[] }).events;
}

const problemsServed = 'http_request_duration_seconds_count{method="GET",route="/problems",status="200"}';

/** One of the figures that the workers have together. */
async function figure(program: Program, name: string): Promise<number> {
  const text = await (await fetch(`${program.managementUrl}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.slice(name.length + 1) ?? 0);
}

async function inFlight(program: Program): Promise<void> {
  await until('the request to be in flight', async () =>
    (await figure(program, 'http_requests_in_flight')) === 1 ? true : undefined,
  );
}

async function pidsOf(program: Program, count = 2): Promise<number[]> {
  return (await program.readyWorkers(count)).map(({ pid }) => pid);
}

/** A program that all tests of a group use one after the other. */
function shared(env: Readonly<Record<string, string>>): () => Program {
  let program: Program | undefined;
  beforeAll(async () => {
    program = await startProbe(env);
  });
  afterAll(() => program?.[Symbol.asyncDispose]());
  return () => program as Program;
}

describe('two workers', () => {
  // No client on a busy machine takes that long from an answer, which says that it was the last, to its next request.
  const running = shared({ SHUTDOWN_SETTLE_MS: '1500' });

  test('leave no request of a load without an answer', async () => {
    const { answered, failed } = await load(`${running().url}/probe/quick`, {
      connections: 20,
      requests: 2_000,
    });
    expect(failed).toEqual({});
    expect(answered).toEqual({ 200: 2_000 });
  });

  test('one that hangs is given no connections: the other answers all of them', async () => {
    const program = running();
    const [stopped = 0] = await pidsOf(program);
    process.kill(stopped, 'SIGSTOP');
    const { answered } = await load(`${program.url}/livez`, {
      connections: 10,
      requests: 200,
      headers: { Connection: 'close' },
    });
    process.kill(stopped, 'SIGCONT');
    expect(answered).toEqual({ 200: 200 });
  });

  test('one that is killed is replaced, the service answers throughout, and no figure falls', async () => {
    const program = running();
    await load(`${program.url}/problems`, { connections: 6, requests: 60, headers: { Connection: 'close' } });
    expect(await figure(program, problemsServed)).toBe(60);
    const [victim = 0, other] = await pidsOf(program);
    let done = false;
    // Each request on a connection of its own, so that none is in flight in the victim for long.
    const traffic = load(`${program.url}/livez`, {
      connections: 4,
      until: () => done,
      pauseMs: 20,
      headers: { Connection: 'close' },
    });
    process.kill(victim, 'SIGKILL');
    const after = await until('a replacement', async () => {
      const ready = (await program.workers()).filter(({ state }) => state === 'ready');
      return ready.length === 2 && ready.every(({ pid }) => pid !== victim) ? ready : undefined;
    });
    done = true;
    const { sent, answered, failed } = await traffic;

    expect(after.map(({ pid }) => pid)).toContain(other);
    expect(after.map(({ restarts }) => restarts).sort()).toEqual([0, 1]);
    // At most what the victim held at that moment: one request for each connection.
    expect(Object.values(failed).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(4);
    expect(answered[200]).toBeGreaterThan(sent - 5);
    expect((await events(program)).filter(({ event }) => event === 'crashed')).toEqual([
      expect.objectContaining({ pid: victim, signal: 'SIGKILL' }),
    ]);
    expect(await figure(program, problemsServed)).toBe(60);
  });

  test('a rolling reload replaces all of them, fails no request, and no figure falls', async () => {
    const program = running();
    const countBefore = await figure(program, problemsServed);
    // Nobody asks for the figures between these and the end of the worker that has served them.
    await load(`${program.url}/problems`, { connections: 1, requests: 5 });
    const before = await pidsOf(program);
    let done = false;
    const traffic = load(`${program.url}/probe/quick`, { connections: 8, until: () => done, pauseMs: 20 });
    const response = await fetch(`${program.managementUrl}/reload`, { method: 'POST' });
    expect(await response.json()).toMatchObject({ ok: true, replaced: 2, queued: false });
    done = true;
    const { sent, answered, failed } = await traffic;
    expect(failed).toEqual({});
    expect(answered[200]).toBe(sent);
    const after = await pidsOf(program);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(await figure(program, problemsServed)).toBe(countBefore + 5);
    await load(`${program.url}/problems`, { connections: 1, requests: 5 });
    expect(await figure(program, problemsServed)).toBe(countBefore + 10);
  });

  test('one that is sent SIGTERM is replaced before it goes; SIGHUP reloads', async () => {
    const program = running();
    const [first = 0, second = 0] = await pidsOf(program);
    process.kill(first, 'SIGTERM');
    await until('the worker to go', () => (isAlive(first) ? undefined : true));
    const all = await events(program);
    const recycled = all.findIndex(({ event, pid }) => event === 'recycling' && pid === first);
    expect(recycled).toBeGreaterThanOrEqual(0);
    const names = all.slice(recycled).map(({ event, pid }) => `${event} ${pid === first}`);
    expect(names.lastIndexOf('ready false')).toBeGreaterThan(0);
    expect(names.lastIndexOf('ready false')).toBeLessThan(names.indexOf('ended true'));
    const reloads = program.lines.filter(({ event }) => event === 'reload-finished').length;
    program.kill('SIGHUP');
    await until('the reload', () =>
      program.lines.filter(({ event }) => event === 'reload-finished').length > reloads ? true : undefined,
    );
    expect(isAlive(second)).toBe(false);
  });

  test('have a management port that answers problems, and refuses other methods and other sites', async () => {
    const program = running();
    const missing = await fetch(`${program.managementUrl}/nowhere`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get('content-type')).toBe('application/problem+json');
    const wrong = await fetch(`${program.managementUrl}/reload`);
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('POST');
    const foreign = await fetch(`${program.managementUrl}/reload`, {
      method: 'POST',
      headers: { Origin: 'http://elsewhere' },
    });
    expect(foreign.status).toBe(403);
  });

  test('when the primary is killed they finish what they have and end', async () => {
    const program = running();
    const pids = await pidsOf(program);
    const asked = program.get('/probe/slow');
    await inFlight(program);
    program.kill('SIGKILL');
    expect((await asked).status).toBe(200);
    await until('the workers to end', () => (pids.some(isAlive) ? undefined : true));
    await program.exited;
    // By themselves: a watchdog would end them as well, later.
    const gone = program.lines.filter(({ reason }) => reason === 'the primary is gone');
    expect(new Set(gone.map(({ pid }) => pid))).toEqual(new Set(pids));
  });
});

describe('a worker', () => {
  const running = shared({ WORKERS: '1', SHUTDOWN_SETTLE_MS: '1000' });

  test.each([
    ['uncaught-exception', 80],
    ['unhandled-rejection', 81],
  ])('after an %s finishes what it has, ends with exit code %i and is replaced', async (name, code) => {
    const program = running();
    const [worker] = await program.readyWorkers(1);
    const slow = program.get('/probe/slow');
    await inFlight(program);
    const answer = await program.get(`/probe/${name}`, { method: 'POST' });
    expect(answer.status).toBe(200);
    expect((await slow).status).toBe(200);

    const gone = await until('its end', async () =>
      (await events(program)).find(({ event, pid }) => event === 'crashed' && pid === worker?.pid),
    );
    expect(gone.code).toBe(code);
    const [replacement] = await program.readyWorkers(1);
    expect(replacement?.pid).not.toBe(worker?.pid);
    expect((await program.get('/livez')).status).toBe(200);
    const fatal = await program.logged(name, { level: 'fatal' });
    expect(JSON.stringify(fatal['err'])).toContain('on purpose');
  });

  test('that drains and is busy still reads what came in the meantime', async () => {
    const program = running();
    const [worker] = await pidsOf(program, 1);
    const kept = () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      return (path: string) =>
        once(get(program.url + path, { agent }), 'response') as Promise<[IncomingMessage]>;
    };
    const [busy, silent] = [kept(), kept()];
    for (const ask of [busy, silent]) (await ask('/probe/quick'))[0].resume();
    const reloaded = fetch(`${program.managementUrl}/reload`, { method: 'POST' });
    await program.logged('stopping', { pid: worker });
    // Longer than the settle window, whose end therefore comes late, and before the waiting request is read.
    const blocking = busy('/probe/blocking?ms=2500');
    await sleep(100);
    const [answer] = await silent('/probe/quick');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers.connection).toBe('close');
    expect((await blocking)[0].statusCode).toBe(200);
    await reloaded;
  });
});

test('WORKERS=0: each of several requests that come at once is told its own count', async () => {
  await using program = await startProbe({ WORKERS: '0', RATE_LIMIT_MAX: '5' });
  const { hostname, port } = new URL(program.url);
  const socket = connect(Number(port), hostname);
  const ask = (last: string) => `GET /probe/quick HTTP/1.1\r\nHost: x\r\n${last}\r\n`;
  socket.write(ask('').repeat(6) + ask('Connection: close\r\n')); // a client that ends its side is one that left
  const answers = await text(socket);
  expect(answers.match(/(?<=^RateLimit: "client"; r=)\d+/gim)?.map(Number)).toEqual([4, 3, 2, 1, 0, 0, 0]);
});

test('WORKERS=0: after an uncaught exception the one process finishes what it has and ends with exit code 80', async () => {
  await using program = await startProbe({ WORKERS: '0' });
  const slow = program.get('/probe/slow');
  await inFlight(program);
  await program.get('/probe/uncaught-exception', { method: 'POST' });
  expect((await slow).status).toBe(200);
  expect((await program.exited).code).toBe(80);
});

test('workers count the requests of one client together: the limit is exact over all, and each is told its own count', async () => {
  await using program = await Program.start({ RATE_LIMIT_MAX: '50' });
  const answers = await Promise.all(
    Array.from({ length: 120 }, () => program.get('/problems', { headers: { Connection: 'close' } })),
  );
  // A worker that is slow just now may shed one that the limiter let pass, and that has its count as well.
  const passed = answers.filter(({ status }) => status !== 429);
  expect(passed).toHaveLength(50);
  const left = passed.map(({ headers }) => Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]));
  expect(left.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect((await program.get('/livez')).status).toBe(200);
});
