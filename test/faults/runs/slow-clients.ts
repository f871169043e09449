import { until, type Program } from '../../support/program.ts';
import type { Fault } from '../fault.ts';
import { readGauge } from '../gauge.ts';
import { connectTo, get, sendRaw, type RawResponse } from '../raw.ts';

const SLOW_HEADERS = 'GET / HTTP/1.1\r\nHost: x\r\n';
const SLOW_BODY =
  'POST /faults/body HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 100000\r\n\r\n';

function countStatuses(responses: readonly RawResponse[]): string {
  return [...Map.groupBy(responses, ({ status }) => status)]
    .map(([status, all]) => `${all.length} × ${status}`)
    .join(', ');
}

function maxClosedMs(responses: readonly RawResponse[]): number {
  return Math.round(Math.max(...responses.map(({ closedAfterMs }) => closedAfterMs)));
}

export const slowloris: Fault = {
  name: 'slowloris',
  alone: true,
  expects: '80 clients drip headers or bodies: 408 soon after the timeouts; no other failed request',
  async run(sandbox) {
    const program = await sandbox.start({ HEADERS_TIMEOUT_MS: '1500', REQUEST_TIMEOUT_MS: '3000' });
    const traffic = sandbox.startTraffic(program);
    await traffic.untilSent(500); // just after its start, a service may shed some requests of a burst
    const drip = (head: string, rest: string) =>
      Promise.all(Array.from({ length: 40 }, () => sendRaw(program, head, rest)));
    const [headers, bodies] = await Promise.all([drip(SLOW_HEADERS, 'X-Slow: 1\r\n'), drip(SLOW_BODY, 'x')]);
    await traffic.stop();
    return {
      figure: `headers: ${countStatuses(headers)} within ${maxClosedMs(headers)} ms; bodies: ${countStatuses(bodies)} within ${maxClosedMs(bodies)} ms; others: ${traffic.summary}`,
      checks: {
        '408 for slow headers': headers.every(({ status }) => status === 408),
        '408 for slow bodies': bodies.every(({ status }) => status === 408),
        'closed soon after the timeouts': maxClosedMs(headers) < 5_000 && maxClosedMs(bodies) < 7_000,
        'no other failed request': traffic.failed === 0,
      },
    };
  },
};

const FLOOD_MB = 64;
const FLOOD = get(`/faults/flood?n=${FLOOD_MB}`);

export const slowReaders: Fault = {
  name: 'slow-readers',
  alone: true,
  expects: '20 clients barely read their response: disconnected; a slow but steady client gets all of it',
  async run(sandbox) {
    const program = await sandbox.start({ WORKERS: '1', SLOW_READER_TIMEOUT_MS: '2000' });
    const startedAt = performance.now();
    const sockets = Array.from({ length: 20 }, () => connectTo(program).pause());
    for (const socket of sockets) socket.write(FLOOD);
    const dripping = setInterval(() => {
      for (const socket of sockets.slice(10)) socket.read(100);
    }, 100);
    // A paused socket does not emit its end, so this counts the worker's connections instead.
    const untilConnections = (what: string, matches: (count: number) => boolean) =>
      until(
        what,
        async () => {
          const count = await readGauge(program, 'http_connections');
          return count !== undefined && matches(count) ? true : undefined;
        },
        20_000,
      );
    await untilConnections('20 connections', (count) => count >= 20);
    const received = readSteadily(program);
    const disconnected = await untilConnections('the disconnection', (count) => count <= 2).catch(
      () => false,
    );
    const tookMs = Math.round(performance.now() - startedAt);
    clearInterval(dripping);
    for (const socket of sockets) socket.destroy();
    const receivedMb = (await received) / 1024 / 1024;
    return {
      figure: `20 slow readers ${disconnected ? '' : 'not '}disconnected within ${tookMs} ms; steady reader: ${Math.floor(receivedMb)} of ${FLOOD_MB} MB`,
      checks: {
        'slow readers disconnected within 12 s': disconnected && tookMs < 12_000,
        'complete response for the steady reader': receivedMb >= FLOOD_MB,
      },
    };
  },
};

/** Reads more slowly than the service writes, but never stops. @returns the bytes received */
function readSteadily(program: Program): Promise<number> {
  return new Promise((resolve) => {
    let received = 0;
    const socket = connectTo(program);
    socket.write(FLOOD);
    socket.on('data', (chunk) => {
      received += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 3);
    });
    socket.on('close', () => resolve(received));
  });
}
