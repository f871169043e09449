import { describe, expect, test } from '@jest/globals';
import { conclude as concludeExpress, type Row as Server } from '../../src/demos/http2/express.ts';
import { conclude as concludeStall, type Row as Stalled } from '../../src/demos/http2/head-of-line.ts';
import { conclude as concludeHeaders, type Row as Sent } from '../../src/demos/http2/headers.ts';
import { conclude as concludeMultiplexing, type Row as Way } from '../../src/demos/http2/multiplexing.ts';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<Row>(path: string): Promise<{ rows: readonly Row[]; lesson: Lesson }> {
  const response = await service.client.get(`/demos/http2/${path}`).expect(200);
  const { result, lesson } = response.body as { result: { rows: readonly Row[] }; lesson: Lesson };
  return { rows: result.rows, lesson };
}

describe('http2/multiplexing', () => {
  test('one connection of HTTP/2 carries all requests at once, one of HTTP/1.1 one', async () => {
    const { rows, lesson } = await run<Way>('multiplexing?requests=60&waitMs=20');
    const [one, six, http2] = rows;

    expect(rows).toMatchObject([
      { protocol: 'HTTP/1.1', connections: 1, maxAtOnce: 1 },
      { protocol: 'HTTP/1.1', connections: 6, maxAtOnce: 6 },
      { protocol: 'HTTP/2', connections: 1 },
    ]);
    expect(http2?.maxAtOnce).toBeGreaterThan(6);
    expect(http2?.totalMs).toBeLessThan(six?.totalMs ?? 0);
    expect(six?.totalMs).toBeLessThan(one?.totalMs ?? 0);
    expect(lesson.headline).toMatch(/^One connection of HTTP\/2 was [\d.]+× as fast as 6 of HTTP\/1\.1$/);
  });

  test('one request shows nothing', async () => {
    const { lesson } = await run<Way>('multiplexing?requests=1');
    expect(lesson.headline).toMatch(/^This run does not tell/);
  });

  test('the lesson claims nothing if HTTP/2 took as long', () => {
    const row: Way = { protocol: 'HTTP/2', connections: 6, maxAtOnce: 6, totalMs: 10 };
    expect(concludeMultiplexing([row, row, row], 60, 20).headline).toMatch(/^This run does not tell/);
  });
});

describe('http2/headers', () => {
  test('HTTP/2 sends repeated headers in a fraction of their bytes', async () => {
    const { rows, lesson } = await run<Sent>('headers?requests=10');
    const [http1, http2] = rows;

    expect(http1?.laterBytes).toBe(http1?.firstBytes);
    expect((http2?.laterBytes ?? Infinity) * 4).toBeLessThan(http1?.laterBytes ?? 0);
    expect(http2?.firstBytes).toBeGreaterThan(http2?.laterBytes ?? Infinity);
    expect(lesson.headline).toMatch(/^A repeated request took [\d.]+% of its bytes with HTTP\/2$/);
  });

  test('a cookie that does not fit into the table is sent each time', async () => {
    const { rows, lesson } = await run<Sent>('headers?requests=5&cookieBytes=4000');
    expect(rows[1]?.laterBytes).toBeGreaterThan(2_000);
    expect(lesson.headline).toMatch(/^HTTP\/2 sent the headers each time/);
  });

  test('the lesson claims no saving without one', () => {
    const row: Sent = { protocol: 'HTTP/2', firstBytes: 500, laterBytes: 500, totalBytes: 1_000 };
    expect(concludeHeaders([row, row]).headline).toMatch(/^HTTP\/2 sent the headers each time/);
  });
});

describe('http2/head-of-line', () => {
  test('all streams of a stalled connection wait, other connections go on', async () => {
    const { rows, lesson } = await run<Stalled>('head-of-line?stallMs=500');
    const [http1, http2] = rows;

    expect(http1).toMatchObject({ connections: 6 });
    expect(http1?.duringStall).toBeGreaterThan(20);
    expect(http2).toMatchObject({ connections: 1, duringStall: 0, afterStall: 30 });
    expect(lesson.headline).toBe(
      `While one connection stalled, HTTP/1.1 delivered ${http1?.duringStall ?? 0} of 30, HTTP/2 0`,
    );
  });

  test('the lesson claims nothing if nothing was delivered', () => {
    const row: Stalled = { protocol: 'HTTP/2', connections: 1, duringStall: 0, afterStall: 9, totalMs: 9 };
    expect(concludeStall([row, row], 9, 50).headline).toMatch(/^This run does not tell/);
  });
});

describe('http2/express', () => {
  test('one request over HTTP/2 ends a server with Express', async () => {
    const { rows, lesson } = await run<Server>('express');

    expect(rows).toMatchObject([
      { protocol: 'HTTP/1.1', framework: 'express', responded: true },
      { protocol: 'HTTP/2', framework: 'none', responded: true },
      { protocol: 'HTTP/2', framework: 'express', responded: false, exitCode: 1 },
    ]);
    expect(rows[2]?.error).toMatch(/Error/);
    expect(lesson.headline).toBe('One HTTP/2 request ended the server with Express');
  });

  test('the lesson follows what the servers did', () => {
    const responded: Server = {
      protocol: 'HTTP/2',
      framework: 'express',
      responded: true,
      exitCode: null,
      error: null,
    };
    const silent = { ...responded, responded: false };
    expect(concludeExpress([responded, responded, responded]).headline).toMatch(/responded over HTTP\/2$/);
    expect(concludeExpress([responded, responded, silent]).headline).toMatch(/did not respond/);
    expect(concludeExpress([silent, silent, silent]).headline).toMatch(/^This run does not tell/);
  });
});
