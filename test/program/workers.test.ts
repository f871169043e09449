import process from 'node:process';
import { describe, expect, test } from '@jest/globals';
import { clusterViewSchema, eventNames, type SupervisionEvent } from '../../src/supervision/supervision.ts';
import { load } from '../support/load.ts';
import { readMetrics, requestInFlight } from '../support/metrics.ts';
import { isAlive, Program, until } from '../support/program.ts';
import { useProbe } from '../support/start-probe.ts';

const newConnections = { headers: { Connection: 'close' } };

// The settle window is longer than any client takes from a response with `Connection: close` to its next request.
const program = await useProbe({ SHUTDOWN_SETTLE_MS: '1500' });

async function readEvents(): Promise<readonly SupervisionEvent[]> {
  const response = await fetch(`${program.managementUrl}/workers`);
  return clusterViewSchema.parse(await response.json()).events;
}

/** How many requests for `/problems` were served in total, by all workers. */
async function problemsServed(): Promise<number | undefined> {
  const name = 'http_request_duration_seconds_count{method="GET",route="/problems",status="200"}';
  return (await readMetrics(program)).get(name);
}

async function workerPids(): Promise<number[]> {
  return (await program.readyWorkers(2)).map(({ pid }) => pid);
}

describe('two workers', () => {
  test('serve every request of a load', async () => {
    const { responses, failed } = await load(`${program.url}/probe/quick`, {
      connections: 20,
      requests: 2_000,
    });
    expect(failed).toEqual({});
    expect(responses).toEqual({ 200: 2_000 });
  });

  test('serve every new connection while one of them is suspended', async () => {
    const [suspended = 0] = await workerPids();
    process.kill(suspended, 'SIGSTOP');
    const { responses } = await load(`${program.url}/livez`, {
      connections: 10,
      requests: 200,
      ...newConnections,
    });
    process.kill(suspended, 'SIGCONT');
    expect(responses).toEqual({ 200: 200 });
  });

  test('keep serving while one that was killed is replaced, and no total falls', async () => {
    await load(`${program.url}/problems`, { connections: 6, requests: 60, ...newConnections });
    expect(await problemsServed()).toBe(60);
    const [killed = 0, other] = await workerPids();
    let done = false;
    // A connection for each request, so that none stays with the killed worker for long.
    const traffic = load(`${program.url}/livez`, {
      connections: 4,
      until: () => done,
      pauseMs: 20,
      ...newConnections,
    });
    process.kill(killed, 'SIGKILL');
    const after = await until('a replacement', async () => {
      const ready = (await program.workers()).filter(({ state }) => state === 'ready');
      return ready.length === 2 && ready.every(({ pid }) => pid !== killed) ? ready : undefined;
    });
    done = true;
    const { sent, responses, failed } = await traffic;

    expect(after.map(({ pid }) => pid)).toContain(other);
    expect(after.map(({ restarts }) => restarts).sort()).toEqual([0, 1]);
    // At most what the killed worker had in flight: one request per connection.
    expect(Object.values(failed).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(4);
    expect(responses[200]).toBeGreaterThan(sent - 5);
    expect((await readEvents()).filter(({ event }) => event === 'crashed')).toEqual([
      expect.objectContaining({ workerPid: killed, signal: 'SIGKILL' }),
    ]);
    expect(await problemsServed()).toBe(60);
  });

  test('are replaced by a reload that fails no request and lowers no total', async () => {
    const servedBefore = (await problemsServed()) ?? 0;
    // No metrics are read between these requests and the exit of the worker that serves them.
    await load(`${program.url}/problems`, { connections: 1, requests: 5 });
    const before = await workerPids();
    let done = false;
    const traffic = load(`${program.url}/probe/quick`, { connections: 8, until: () => done, pauseMs: 20 });
    const response = await fetch(`${program.managementUrl}/reload`, { method: 'POST' });
    expect(await response.json()).toMatchObject({ ok: true, replaced: 2, queued: false });
    done = true;
    const { sent, responses, failed } = await traffic;
    expect(failed).toEqual({});
    expect(responses[200]).toBe(sent);
    const after = await workerPids();
    expect(after.filter((pid) => before.includes(pid))).toEqual([]);
    expect(await problemsServed()).toBe(servedBefore + 5);
    await load(`${program.url}/problems`, { connections: 1, requests: 5 });
    expect(await problemsServed()).toBe(servedBefore + 10);
  });

  test('stay two when one receives SIGTERM: its replacement is ready before it exits', async () => {
    const [signaled = 0] = await workerPids();
    process.kill(signaled, 'SIGTERM');
    await until('the worker to exit', () => (isAlive(signaled) ? undefined : true));
    const all = await readEvents();
    const recycled = all.findIndex(({ event, workerPid }) => event === 'recycling' && workerPid === signaled);
    expect(recycled).toBeGreaterThanOrEqual(0);
    const names = all.slice(recycled).map(({ event, workerPid }) => `${event} ${workerPid === signaled}`);
    expect(names.lastIndexOf('ready false')).toBeGreaterThan(0);
    expect(names.lastIndexOf('ready false')).toBeLessThan(names.indexOf('ended true'));
  });

  test('have each event with the same fields in the log and in /workers, and counted in the metrics', async () => {
    const events = await readEvents();
    const atInfo = events.filter(({ event }) => !['forked', 'ready'].includes(event)); // at debug in the first start
    expect(atInfo.map(({ event }) => event)).toEqual(
      expect.arrayContaining(['crashed', 'replaced', 'recycling', 'ended', 'reload-finished']),
    );
    for (const { at: _, event, ...fields } of atInfo) await program.logged(event, fields);
    const metrics = await readMetrics(program);
    expect(eventNames.map((name) => metrics.get(`supervision_events_total{event="${name}"}`))).toEqual(
      eventNames.map((name) => events.filter(({ event }) => event === name).length),
    );
  });

  test('are replaced when the primary receives SIGHUP', async () => {
    const before = await workerPids();
    const reloads = () => program.lines.filter(({ event }) => event === 'reload-finished').length;
    const reloadsBefore = reloads();
    program.kill('SIGHUP');
    await until('a reload', () => (reloads() > reloadsBefore ? true : undefined));
    expect(before.filter(isAlive)).toEqual([]);
  });

  test('have a management port that rejects unknown paths, wrong methods and cross-site requests', async () => {
    const missing = await fetch(`${program.managementUrl}/nowhere`);
    expect(missing.status).toBe(404);
    expect(missing.headers.get('content-type')).toBe('application/problem+json');
    const wrong = await fetch(`${program.managementUrl}/reload`);
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get('allow')).toBe('POST');
    const crossSite = await fetch(`${program.managementUrl}/reload`, {
      method: 'POST',
      headers: { Origin: 'http://elsewhere' },
    });
    expect(crossSite.status).toBe(403);
  });

  test('complete their requests and exit when the primary is killed', async () => {
    const pids = await workerPids();
    const slow = program.get('/probe/slow');
    await requestInFlight(program);
    program.kill('SIGKILL');
    expect((await slow).status).toBe(200);
    await until('the workers to exit', () => (pids.some(isAlive) ? undefined : true));
    await program.exited;
    // By themselves: later, their watchdogs would kill them.
    const stopped = program.lines.filter(({ reason }) => reason === 'the primary is gone');
    expect(new Set(stopped.map(({ pid }) => pid))).toEqual(new Set(pids));
  });

  test('enforce a rate limit exactly, and report its own count to each request', async () => {
    await using limited = await Program.start({ RATE_LIMIT_MAX: '50' });
    const responses = await Promise.all(
      Array.from({ length: 120 }, () => limited.get('/problems', newConnections)),
    );
    // A slow worker may shed a request that the limiter has counted.
    const passed = responses.filter(({ status }) => status !== 429);
    expect(passed).toHaveLength(50);
    const remaining = passed.map(({ headers }) =>
      Number(/r=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1]),
    );
    expect(remaining.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect((await limited.get('/livez')).status).toBe(200);
  });
});
