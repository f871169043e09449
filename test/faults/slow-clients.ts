/** Clients that send or read slowly. */
import { until, type Program } from '../support/program.ts';
import type { Fault } from './fault.ts';
import { dial, raw, type RawAnswer } from './raw.ts';
import { ask } from './traffic.ts';

function countStatuses(answers: readonly RawAnswer[]): string {
  return [...Map.groupBy(answers, ({ status }) => status)]
    .map(([status, all]) => `${all.length} × ${status}`)
    .join(', ');
}

export const slowSenders: Fault = {
  name: 'slowloris',
  expects: 'slow headers and slow bodies: 408 and closed in time; healthy requests 100 %',
  async run(lab) {
    const program = await lab.start({ HEADERS_TIMEOUT_MS: '1500', REQUEST_TIMEOUT_MS: '3000' });
    const traffic = lab.load(program);
    await traffic.reach(500); // a service that runs: in its first moments it may shed some of so many at once
    const headers = Array.from({ length: 40 }, () =>
      raw(program, 'GET / HTTP/1.1\r\nHost: x\r\n', 'X-Slow: 1\r\n'),
    );
    const bodies = Array.from({ length: 40 }, () =>
      raw(
        program,
        'POST /faults/body HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 100000\r\n\r\n',
        'x',
      ),
    );
    const slowHeaders = await Promise.all(headers);
    const slowBodies = await Promise.all(bodies);
    await traffic.stop();
    const latest = (answers: readonly RawAnswer[]) =>
      Math.round(Math.max(...answers.map(({ closedAfterMs }) => closedAfterMs)));
    return {
      figure: `headers: ${countStatuses(slowHeaders)} within ${latest(slowHeaders)} ms; bodies: ${countStatuses(slowBodies)} within ${latest(slowBodies)} ms; healthy: ${traffic.summary}`,
      checks: {
        'slow headers get 408': slowHeaders.every(({ status }) => status === 408),
        'slow bodies get 408': slowBodies.every(({ status }) => status === 408),
        'closed in time': latest(slowHeaders) < 5_000 && latest(slowBodies) < 7_000,
        'healthy requests are served': traffic.failed === 0,
      },
    };
  },
};

export const slowReaders: Fault = {
  name: 'slow-readers',
  expects:
    'clients that do not read, or only drip by drip: cut in time; a steady reader gets all of its answer',
  async run(lab) {
    const program = await lab.start({ WORKERS: '1', SLOW_READER_TIMEOUT_MS: '2000' });
    const startedAt = performance.now();
    const cut: Promise<number>[] = [0, 1].flatMap((kind) =>
      Array.from({ length: 10 }, async () => {
        const socket = dial(program).on('error', () => undefined);
        socket.write('GET /faults/flood?n=64 HTTP/1.1\r\nHost: x\r\n\r\n');
        socket.pause();
        const dripping = kind === 0 ? undefined : setInterval(() => void socket.read(100), 100);
        // A paused socket does not hear its end: what the worker holds open is what counts.
        await until(
          'the cut',
          async () => ((await connections(program)) <= 2 ? true : undefined),
          20_000,
        ).catch(() => undefined);
        clearInterval(dripping);
        socket.destroy();
        return performance.now() - startedAt;
      }),
    );
    // Slower than the server, but steady: 64 MB in pieces of 1 MB.
    const steady = steadyReader(program);
    const received = await steady;
    const times = await Promise.all(cut);
    const latest = Math.round(Math.max(...times));
    return {
      figure: `20 slow readers cut within ${latest} ms; steady reader: ${Math.round(received / 1024 / 1024)} of 64 MB`,
      checks: {
        'slow readers are cut in time': latest < 12_000,
        'the steady reader got all': received >= 64 * 1024 * 1024,
      },
    };
  },
};

async function connections(program: Program): Promise<number> {
  const { text } = await ask({ url: `${program.managementUrl}/metrics` });
  return Number(/^http_connections (\d+)/m.exec(text)?.[1] ?? 0);
}

function steadyReader(program: Program): Promise<number> {
  return new Promise((resolve) => {
    let received = 0;
    const socket = dial(program).on('error', () => undefined);
    socket.write('GET /faults/flood?n=64 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n');
    socket.on('data', (chunk) => {
      received += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 3);
    });
    socket.on('close', () => resolve(received));
  });
}
