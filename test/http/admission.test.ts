import { EventEmitter, once } from 'node:events';
import express, { type Response } from 'express';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Admission } from '../../src/http/admission.ts';
import { InFlight } from '../../src/http/in-flight.ts';
import { SlowReaders } from '../../src/http/slow-readers.ts';
import { until } from '../support/program.ts';
import type { Socket } from 'node:net';

/** An answer that never ends. */
function answer() {
  return new EventEmitter();
}

/** An answer of which is known when it ends. */
function shortAnswer(inFlight: InFlight) {
  const short = answer();
  inFlight.add(short as unknown as Response);
  return short;
}

describe('admission', () => {
  test('admits in order, and not within the turn in which a request arrived', async () => {
    const admission = new Admission(new InFlight(), 500, 0.98);
    const admitted: number[] = [];
    for (let request = 0; request < 5; request += 1) {
      expect(admission.enter(answer(), () => admitted.push(request))).toBe(true);
    }
    expect(admitted).toEqual([]);
    await sleep(50);
    expect(admitted).toEqual([0, 1, 2, 3, 4]);
    expect(admission.busy).toBe(false);
  });

  test('refuses what would wait behind too many, and admits again later', async () => {
    const inFlight = new InFlight();
    const admission = new Admission(inFlight, 500, 0.98);
    let admitted = 0;
    const results = Array.from({ length: 40 }, () => {
      const answer = shortAnswer(inFlight);
      return admission.enter(answer, () => {
        admitted += 1;
        setImmediate(() => answer.emit('close'));
      });
    });
    expect(results.filter(Boolean)).toHaveLength(32);
    await sleep(100);
    expect(admitted).toBe(32);
    expect(admission.enter(answer(), () => undefined)).toBe(true);
  });

  test('refuses while the first has waited too long', async () => {
    const admission = new Admission(new InFlight(), 20, 0.98);
    for (let request = 0; request < 24; request += 1)
      expect(admission.enter(answer(), () => undefined)).toBe(true);
    const end = performance.now() + 40;
    while (performance.now() < end);
    expect(admission.enter(answer(), () => undefined)).toBe(false);
    await sleep(20);
  });

  test('lets no more run at once than half of what may wait', async () => {
    const inFlight = new InFlight();
    const app = express().use((_req, res) => {
      inFlight.add(res);
      admission.enter(res, () => {
        running.push(() => res.end());
      });
    });
    const server = createServer(app);
    const running: (() => void)[] = [];
    const admission = new Admission(inFlight, 10_000, 0.98);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const answers = Array.from({ length: 30 }, async () => {
      const [response] = (await once(get({ port, agent: false }), 'response')) as [NodeJS.ReadableStream];
      response.resume();
      await once(response, 'end');
    });
    await until('half of what may wait', () => (running.length >= 16 ? true : undefined));
    await sleep(100);
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

describe('admission where the event loop has no pause', () => {
  test('is busy after one long turn, though there were pauses before it', async () => {
    const admission = new Admission(new InFlight(), 500, 0.98);
    await sleep(150);
    expect(admission.busy).toBe(false);
    block(300);
    await sleep(0); // timers that are due come first
    expect(admission.busy).toBe(true);
    await sleep(400);
    expect(admission.busy).toBe(false);
  });

  test('runs only a few at once, so that the next turn is short', async () => {
    const admission = new Admission(new InFlight(), 500, 0.98);
    let admitted = 0;
    block(300);
    await sleep(0);
    for (let request = 0; request < 20; request += 1) admission.enter(answer(), () => (admitted += 1));
    await sleep(20);
    expect(admitted).toBe(8);
    await sleep(400);
    expect(admitted).toBe(16);
  });
});

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('admission beside streams', () => {
  test('goes on when what runs has run for long', async () => {
    const admission = new Admission(new InFlight(), 100, 0.98);
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
