import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
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

async function pidsOf(program: Program): Promise<number[]> {
  return (await program.readyWorkers(2)).map(({ pid }) => pid);
}

describe('workers', () => {
  test('one that is killed is replaced, and the service answers throughout', async () => {
    await using program = await Program.start();
    const [victim = 0, other] = await pidsOf(program);
    let done = false;
    // Each request on a connection of its own, so that none is in flight in the victim for long.
    const traffic = load(`${program.url}/livez`, {
      connections: 4,
      until: () => done,
      pauseMs: 5,
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
  });

  test('one that hangs is given no connections: the others answer all of them', async () => {
    await using program = await Program.start();
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

  test('when the primary is killed they finish what they have and end', async () => {
    await using program = await startProbe();
    const pids = await pidsOf(program);
    const asked = program.get('/probe/slow');
    await until('the request to be in flight', async () =>
      (await (await fetch(`${program.managementUrl}/metrics`)).text()).includes('http_requests_in_flight 1')
        ? true
        : undefined,
    );
    program.kill('SIGKILL');
    expect((await asked).status).toBe(200);
    await until('the workers to end', () => (pids.some(isAlive) ? undefined : true));
  });

  test.each([
    ['uncaught-exception', 80],
    ['unhandled-rejection', 81],
  ])('after an %s one finishes what it has, ends with exit code %i and is replaced', async (name, code) => {
    await using program = await startProbe({ WORKERS: '1' });
    const [worker] = await program.readyWorkers(1);
    const slow = program.get('/probe/slow');
    await until('the slow request to be in flight', async () =>
      (await (await fetch(`${program.managementUrl}/metrics`)).text()).includes('http_requests_in_flight 1')
        ? true
        : undefined,
    );
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

  test('WORKERS=0: after an uncaught exception the one process finishes what it has and ends with exit code 80', async () => {
    await using program = await startProbe({ WORKERS: '0' });
    const slow = program.get('/probe/slow');
    await until('the slow request to be in flight', async () =>
      (await (await fetch(`${program.managementUrl}/metrics`)).text()).includes('http_requests_in_flight 1')
        ? true
        : undefined,
    );
    await program.get('/probe/uncaught-exception', { method: 'POST' });
    expect((await slow).status).toBe(200);
    expect((await program.exited).code).toBe(80);
  });

  test('a rolling reload replaces all of them and fails no request', async () => {
    // No client on a busy machine takes that long from an answer, which says that it was the last, to its next request.
    await using program = await startProbe({ SHUTDOWN_SETTLE_MS: '1500' });
    const before = await pidsOf(program);
    let done = false;
    const traffic = load(`${program.url}/probe/quick`, { connections: 8, until: () => done, pauseMs: 5 });
    const response = await fetch(`${program.managementUrl}/reload`, { method: 'POST' });
    expect(await response.json()).toMatchObject({ ok: true, replaced: 2, queued: false });
    done = true;
    const { sent, answered, failed } = await traffic;
    expect(failed).toEqual({});
    expect(answered[200]).toBe(sent);
    const after = await pidsOf(program);
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
  });

  test('one that drains and is busy still reads what came in the meantime', async () => {
    await using program = await startProbe({ WORKERS: '1' });
    const kept = () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      return (path: string) =>
        once(get(program.url + path, { agent }), 'response') as Promise<[IncomingMessage]>;
    };
    const [busy, silent] = [kept(), kept()];
    for (const ask of [busy, silent]) (await ask('/probe/quick'))[0].resume();
    const reloaded = fetch(`${program.managementUrl}/reload`, { method: 'POST' });
    await program.logged('stopping');
    // Longer than the settle window, whose end therefore comes late, and before the waiting request is read.
    const blocking = busy('/probe/blocking?ms=1500');
    await sleep(100);
    const [answer] = await silent('/probe/quick');
    expect(answer.statusCode).toBe(200);
    expect(answer.headers.connection).toBe('close');
    expect((await blocking)[0].statusCode).toBe(200);
    await reloaded;
  });

  test('leave no request of a load without an answer', async () => {
    await using program = await startProbe();
    const { answered, failed } = await load(`${program.url}/probe/quick`, {
      connections: 20,
      requests: 2_000,
    });
    expect(failed).toEqual({});
    expect(answered).toEqual({ 200: 2_000 });
  });

  test('count the requests of one client together: the limit is exact over all, and each is told its own count', async () => {
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

  test('have metrics that are added up, and never fall when a worker goes', async () => {
    await using program = await Program.start();
    const count = async () => {
      const text = await (await fetch(`${program.managementUrl}/metrics`)).text();
      const match =
        /http_request_duration_seconds_count\{method="GET",route="\/problems",status="200"\} (\d+)/.exec(
          text,
        );
      return Number(match?.[1]);
    };
    await load(`${program.url}/problems`, { connections: 6, requests: 60, headers: { Connection: 'close' } });
    expect(await count()).toBe(60);
    await fetch(`${program.managementUrl}/reload`, { method: 'POST' });
    expect(await count()).toBe(60);
    const [victim] = await program.readyWorkers(2);
    process.kill(victim?.pid ?? 0, 'SIGKILL');
    await until('its replacement', async () => {
      const ready = (await program.workers()).filter(
        ({ state, pid }) => state === 'ready' && pid !== victim?.pid,
      );
      return ready.length === 2 ? true : undefined;
    });
    expect(await count()).toBe(60);
    await load(`${program.url}/problems`, { connections: 1, requests: 5 });
    expect(await count()).toBe(65);
  });

  test('SIGHUP reloads; a worker that is sent SIGTERM is replaced before it goes', async () => {
    await using program = await Program.start();
    const [first = 0, second = 0] = await pidsOf(program);
    process.kill(first, 'SIGTERM');
    await until('the worker to go', () => (isAlive(first) ? undefined : true));
    const [, , ...names] = (await events(program)).map(({ event, pid }) => `${event} ${pid === first}`);
    expect(names.indexOf('recycling true')).toBeGreaterThanOrEqual(0);
    expect(names.lastIndexOf('ready false')).toBeLessThan(names.indexOf('ended true'));
    program.kill('SIGHUP');
    await program.logged('reload-finished');
    expect(isAlive(second)).toBe(false);
  });
});

describe('the management port', () => {
  test('answers problems, refuses other methods and other sites', async () => {
    await using program = await Program.start({ WORKERS: '1' });
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
});
