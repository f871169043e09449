import { EventEmitter, once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Admission } from '../../src/http/admission.ts';
import { InFlight } from '../../src/http/in-flight.ts';
import { SlowReaders } from '../../src/http/slow-readers.ts';
import type { Socket } from 'node:net';

/** An answer that never ends. */
function answer() {
  return new EventEmitter();
}

/** An answer that ends in the turn after it was asked for. */
function shortAnswer() {
  return { once: (_event: string, listener: () => void) => setImmediate(listener) };
}

describe('admission', () => {
  test('admits in order, and not within the turn in which a request arrived', async () => {
    const admission = new Admission(new InFlight(), 500);
    const admitted: number[] = [];
    for (let request = 0; request < 5; request += 1) {
      expect(admission.enter(answer(), () => admitted.push(request))).toBe(true);
    }
    expect(admitted).toEqual([]);
    await sleep(50);
    expect(admitted).toEqual([0, 1, 2, 3, 4]);
    expect(admission.active).toBe(false);
  });

  test('refuses what would wait behind too many, and admits again later', async () => {
    const admission = new Admission(new InFlight(), 500);
    let admitted = 0;
    const results = Array.from({ length: 40 }, () => admission.enter(shortAnswer(), () => (admitted += 1)));
    expect(results.filter(Boolean)).toHaveLength(32);
    await sleep(100);
    expect(admitted).toBe(32);
    expect(admission.enter(shortAnswer(), () => undefined)).toBe(true);
  });

  test('refuses while the first has waited too long', async () => {
    const admission = new Admission(new InFlight(), 20);
    for (let request = 0; request < 16; request += 1)
      expect(admission.enter(answer(), () => undefined)).toBe(true);
    const end = performance.now() + 40;
    while (performance.now() < end);
    expect(admission.enter(answer(), () => undefined)).toBe(false);
    await sleep(20);
  });

  test('lets no more run at once than half of what may wait', async () => {
    const inFlight = new InFlight();
    const server = createServer((_req, res) => {
      inFlight.add(res);
      admission.enter(res, () => {
        running.push(() => res.end());
      });
    });
    const running: (() => void)[] = [];
    const admission = new Admission(inFlight, 10_000);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const answers = Array.from({ length: 30 }, async () => {
      const [response] = (await once(get({ port, agent: false }), 'response')) as [NodeJS.ReadableStream];
      response.resume();
      await once(response, 'end');
    });
    await sleep(300);
    expect(running).toHaveLength(16);
    for (let request = 0; request < 30; request += 1) {
      running[request]?.();
      await sleep(20);
    }
    await Promise.all(answers);
    expect(running).toHaveLength(30);
    server.close();
  });
});

describe('admission beside streams', () => {
  test('goes on when what runs has run for long', async () => {
    const admission = new Admission(new InFlight(), 100);
    let admitted = 0;
    for (let stream = 0; stream < 32; stream += 1) admission.enter(answer(), () => (admitted += 1));
    await sleep(50);
    expect(admitted).toBe(16);
    await sleep(400);
    expect(admitted).toBe(32);
  });
});

describe('slow readers', () => {
  const socket = () => {
    const state = { writableLength: 100_000, bytesWritten: 1_000_000, destroyed: false };
    return Object.assign(state, { destroy: () => (state.destroyed = true) });
  };

  test('are cut when they take too little in the whole time, and nobody else is', () => {
    const silent = socket();
    const steady = socket();
    const idle = { ...socket(), writableLength: 0 };
    const sockets = new Set([silent, steady, idle]) as unknown as Set<Socket>;
    let cut = 0;
    const slow = new SlowReaders(sockets, 1_000, () => (cut += 1));
    for (let now = 0; now <= 2_000; now += 250) {
      slow.look(now);
      steady.bytesWritten += 5_000;
      silent.bytesWritten += 50;
    }
    slow.stop();
    expect([silent.destroyed, steady.destroyed, idle.destroyed]).toEqual([true, false, false]);
    expect(cut).toBe(1);
  });
});
