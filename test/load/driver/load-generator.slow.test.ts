import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { FixedLoad } from '../scenario.ts';
import type { Sample } from '../statistics.ts';
import { LoadGenerator } from './load-generator.ts';

/** Runs a load against a server with this handler. */
async function runAgainst(handler: RequestListener, load: FixedLoad, seconds: number): Promise<Sample[]> {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await using generator = await LoadGenerator.start();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return await generator.run({ url, load, seconds }, 0);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const request = { path: '/' };
const statuses = (samples: readonly Sample[]) => samples.map(({ status }) => status);

describe('an open load', () => {
  test('keeps sending during a stall, which shows in every request that it delayed', async () => {
    const stalled: ServerResponse[] = [];
    const samples = await runAgainst(
      (_req, res) => {
        // A generator that waited for a response before its next request would never reach fifty.
        if (stalled.push(res) === 50) for (const each of stalled.splice(0)) each.end();
      },
      { model: 'open', rate: 100, request },
      1,
    );
    expect(statuses(samples)).toEqual(Array.from({ length: 100 }, () => 200));
    const waits = samples.toSorted((a, b) => a.atS - b.atS).map(({ ms }) => ms);
    // The first request waited for the whole stall, the middle one for half of it, and a late one not at all.
    const [first = 0, middle = 0, late = 0] = [waits[0], waits[25], waits[95]];
    expect(first).toBeGreaterThan(middle);
    expect(middle).toBeGreaterThan(late);
  });

  test('counts every aborted request and retries none', async () => {
    let received = 0;
    const samples = await runAgainst(
      (req, res) => {
        received += 1;
        if (received % 5 === 0) req.socket.destroy();
        else res.end();
      },
      { model: 'open', rate: 100, request },
      1,
    );
    expect(received).toBe(100);
    expect(statuses(samples).filter((status) => status === 0)).toHaveLength(20);
  });

  test('counts an incomplete response as failed', async () => {
    const samples = await runAgainst(
      (_req, res) => {
        res.writeHead(200, { 'Content-Length': '100' });
        res.write('half', () => res.destroy());
      },
      { model: 'open', rate: 20, request },
      0.5,
    );
    expect(statuses(samples)).toEqual(Array.from({ length: 10 }, () => 0));
  });
});

test('a closed load never has more pending requests than connections', async () => {
  let pending = 0;
  let maxPending = 0;
  const samples = await runAgainst(
    (_req, res) => {
      pending += 1;
      maxPending = Math.max(maxPending, pending);
      setTimeout(() => {
        pending -= 1;
        res.end();
      }, 20);
    },
    { model: 'closed', connections: 3, request },
    1,
  );
  expect(maxPending).toBe(3);
  expect(samples.length).toBeGreaterThan(3);
});

test('slow readers receive only part of a large response, and an aborted one counts as failed', async () => {
  let sent = 0;
  const load = { model: 'readers', readers: 2, bytesPerSecond: 100_000, request } as const;
  const samples = await runAgainst(
    (_req, res) => {
      res.writeHead(200, { 'Content-Length': '50000000' });
      const chunk = Buffer.alloc(65_536);
      const write = () => {
        while (!res.destroyed && res.write(chunk)) sent += chunk.length;
      };
      res.on('drain', write);
      write();
    },
    load,
    1,
  );
  expect(statuses(samples)).toEqual([200, 200]);
  expect(sent).toBeLessThan(50_000_000); // of 100 MB for both readers; the rest waits for them

  const aborted = await runAgainst((_req, res) => void res.write('x', () => res.destroy()), load, 1);
  expect(statuses(aborted)).toEqual([0, 0]);
});
