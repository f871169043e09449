import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { requestInFlight } from '../support/metrics.ts';
import { useProbe } from '../support/start-probe.ts';

const program = await useProbe({ WORKERS: '1', SHUTDOWN_SETTLE_MS: '1000' });

async function workerPid(): Promise<number> {
  return (await program.readyWorkers(1))[0]?.pid ?? 0;
}

describe('a worker', () => {
  test.each([
    ['uncaught-exception', 80],
    ['unhandled-rejection', 81],
  ])('after an %s completes its requests, exits with code %i and is replaced', async (name, code) => {
    const pid = await workerPid();
    const slow = program.get('/probe/slow');
    await requestInFlight(program);
    const response = await program.get(`/probe/${name}`, { method: 'POST' });
    expect(response.status).toBe(200);
    expect((await slow).status).toBe(200);

    const crashed = await program.logged('crashed', { workerPid: pid });
    expect(crashed['code']).toBe(code);
    expect(await workerPid()).not.toBe(pid);
    expect((await program.get('/livez')).status).toBe(200);
    const fatal = await program.logged(name, { level: 'fatal' });
    expect(JSON.stringify(fatal['err'])).toContain('on purpose');
  });

  test('that is blocked while it drains still serves requests that arrived in the meantime', async () => {
    /** @returns a client with one kept-alive connection */
    const connect = () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      return (path: string) =>
        once(get(program.url + path, { agent }), 'response') as Promise<[IncomingMessage]>;
    };
    const [busy, idle] = [connect(), connect()];
    const pid = await workerPid();
    for (const request of [busy, idle]) (await request('/probe/quick'))[0].resume();
    const reloaded = fetch(`${program.managementUrl}/reload`, { method: 'POST' });
    await program.logged('stopping', { pid });
    // Longer than the settle window, which then ends late, just before the waiting request is read.
    const blocking = busy('/probe/blocking?ms=2500');
    await sleep(100);
    const [response] = await idle('/probe/quick');
    expect(response.statusCode).toBe(200);
    expect(response.headers.connection).toBe('close');
    expect((await blocking)[0].statusCode).toBe(200);
    await reloaded;
  });
});
