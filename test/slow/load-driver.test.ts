import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import type { FixedLoad } from '../load/scenario.ts';
import type { Sample } from '../load/statistics.ts';
import { ShooterHandle } from '../load/driver/shooter-handle.ts';

/** Makes a load against a server of the test's own. */
async function shootAt(answer: RequestListener, load: FixedLoad, seconds: number): Promise<Sample[]> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  try {
    await using shooter = new ShooterHandle();
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return await shooter.shoot({ url, load, seconds }, 0);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

const shot = { path: '/' };
const statuses = (samples: readonly Sample[]) => samples.map(({ status }) => status);

describe('an open load', () => {
  test('asks on while nobody answers, and its clocks run: a stall is in all it delayed', async () => {
    const held: ServerResponse[] = [];
    const samples = await shootAt(
      (_req, res) => {
        // Whoever waits for an answer before the next request would never come to fifty.
        if (held.push(res) === 50) for (const each of held.splice(0)) each.end();
      },
      { model: 'open', rate: 100, shot },
      1,
    );
    expect(statuses(samples)).toEqual(Array.from({ length: 100 }, () => 200));
    const waits = samples.toSorted((a, b) => a.atS - b.atS).map(({ ms }) => ms);
    // Of the first fifty, the first waited through all of it, the twenty-fifth through half; the last ones not at all.
    const [first = 0, middle = 0, late = 0] = [waits[0], waits[25], waits[95]];
    expect(first).toBeGreaterThan(middle);
    expect(middle).toBeGreaterThan(late);
  });

  test('counts every request that was cut, and tries none again', async () => {
    let asked = 0;
    const samples = await shootAt(
      (req, res) => {
        asked += 1;
        if (asked % 5 === 0) req.socket.destroy();
        else res.end();
      },
      { model: 'open', rate: 100, shot },
      1,
    );
    expect(asked).toBe(100);
    expect(statuses(samples).filter((status) => status === 0)).toHaveLength(20);
  });

  test('counts an answer that was cut half-way as none', async () => {
    const samples = await shootAt(
      (_req, res) => {
        res.writeHead(200, { 'Content-Length': '100' });
        res.write('half', () => res.destroy());
      },
      { model: 'open', rate: 20, shot },
      0.5,
    );
    expect(statuses(samples)).toEqual(Array.from({ length: 10 }, () => 0));
  });
});

test('a closed load has never more requests open than connections', async () => {
  let open = 0;
  let most = 0;
  const samples = await shootAt(
    (_req, res) => {
      open += 1;
      most = Math.max(most, open);
      setTimeout(() => {
        open -= 1;
        res.end();
      }, 20);
    },
    { model: 'closed', connections: 3, shot },
    1,
  );
  expect(most).toBe(3);
  expect(samples.length).toBeGreaterThan(3);
});

test('slow readers take a little of a large answer, and a reader that is cut has failed', async () => {
  let sent = 0;
  const load = { model: 'readers', readers: 2, bytesPerSecond: 100_000, shot } as const;
  const samples = await shootAt(
    (req, res) => {
      res.writeHead(200, { 'Content-Length': '50000000' });
      const chunk = Buffer.alloc(65_536);
      const write = () => {
        while (!res.destroyed && res.write(chunk)) sent += chunk.length;
      };
      res.on('drain', write);
      write();
      req.on('close', () => undefined);
    },
    load,
    1,
  );
  expect(statuses(samples)).toEqual([200, 200]);
  expect(sent).toBeLessThan(50_000_000); // of twice as much: the rest waits for the readers

  const cut = await shootAt((_req, res) => void res.write('x', () => res.destroy()), load, 1);
  expect(statuses(cut)).toEqual([0, 0]);
});
