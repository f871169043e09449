import { EventEmitter, once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setImmediate as nextIteration, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import express, { type Response } from 'express';
import { InFlight } from '../../../src/http/in-flight.ts';
import { AdmissionQueue, SLICE_MS } from '../../../src/layers/overload/admission-queue.ts';
import { SAMPLE_INTERVAL_MS } from '../../../src/layers/overload/throughput.ts';
import { until } from '../../support/program.ts';

/** So long that no request is rejected for it, however slow the machine is. */
const LONG_MS = 600_000;
/** Before any throughput has been measured. */
const unsaturated = { saturated: false, capacityWithinMaxWait: 0 };
const saturated = { saturated: true, capacityWithinMaxWait: 0 };

type AdmissionSources = ConstructorParameters<typeof AdmissionQueue>[3];

/** A queue with scripted sources, and requests whose responses stay open until a test ends them. */
class QueueHarness implements Disposable {
  readonly queue: AdmissionQueue;
  /** The numbers of admitted requests, in order of admission; requests are numbered as they arrive. */
  readonly admitted: number[] = [];
  readonly #inFlight = new InFlight();
  #complete = true;
  readonly #responses: (EventEmitter & { req: { complete: boolean } })[] = [];

  constructor(sources: AdmissionSources, maxWaitMs = LONG_MS) {
    this.queue = new AdmissionQueue(this.#inFlight, maxWaitMs, 0.98, sources);
  }

  /** @param onAdmitted receives a function that ends the response */
  enqueue(onAdmitted?: (end: () => void) => void): boolean {
    const response = this.#arrive();
    const number = this.#responses.push(response) - 1;
    return this.queue.tryEnqueue(response, () => {
      this.admitted.push(number);
      onAdmitted?.(() => response.emit('close'));
    });
  }

  /** @returns how many were accepted */
  enqueueAll(count: number, onAdmitted?: (end: () => void) => void): number {
    return Array.from({ length: count }, () => this.enqueue(onAdmitted)).filter(Boolean).length;
  }

  /** Ends the responses to a range of requests: sent, or abandoned by their clients. */
  end(from = 0, to?: number): void {
    for (const response of this.#responses.slice(from, to)) response.emit('close');
  }

  /** A request that another layer rejects before it reaches the queue, such as with 429. */
  rejectElsewhere(): void {
    this.#arrive().emit('close');
  }

  /** The bodies of further requests arrive only when a test says so. */
  withholdBodies(): void {
    this.#complete = false;
  }

  receiveBodies(): void {
    for (const { req } of this.#responses) req.complete = true;
  }

  #arrive() {
    const response = Object.assign(new EventEmitter(), { req: { complete: this.#complete } });
    this.#inFlight.add(response as unknown as Response);
    return response;
  }

  /** Waits until this many are admitted, then as long again for any that should not be. */
  async waitForAdmitted(count: number): Promise<void> {
    const startedAt = performance.now();
    await until(`${count} to be admitted`, () => this.admitted.length >= count || undefined);
    await sleep(Math.max(20, performance.now() - startedAt));
  }

  /** Ends all responses: the queue retries forever behind an open one. */
  [Symbol.dispose](): void {
    this.end();
  }
}

function block(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

describe('the admission queue', () => {
  test('admits requests in order, but not in the event-loop iteration in which they arrive', async () => {
    using harness = new QueueHarness({ throughput: unsaturated });
    expect(harness.enqueueAll(5)).toBe(5);
    expect(harness.admitted).toEqual([]);
    expect(harness.queue.busy).toBe(true);
    await harness.waitForAdmitted(5);
    expect(harness.admitted).toEqual([0, 1, 2, 3, 4]);
    expect(harness.queue.busy).toBe(false);
  });

  test('rejects requests while it is full, and accepts them again later', async () => {
    using harness = new QueueHarness({ throughput: unsaturated });
    expect(harness.enqueueAll(40, (end) => setImmediate(end))).toBe(32);
    await harness.waitForAdmitted(32);
    expect(harness.admitted).toHaveLength(32);
    expect(harness.enqueue()).toBe(true);
  });

  test('holds as many requests as the worker completes in the longest wait', async () => {
    using harness = new QueueHarness({ throughput: { saturated: true, capacityWithinMaxWait: 50 } });
    expect(harness.enqueueAll(60)).toBe(50);
  });

  test('rejects requests while the oldest has waited too long, unless few wait', async () => {
    let now = 0;
    using harness = new QueueHarness({ throughput: unsaturated, now: () => now }, 20);
    expect(harness.enqueueAll(23)).toBe(23);
    now = 21;
    expect(harness.enqueue()).toBe(true);
    expect(harness.enqueue()).toBe(false);
  });

  test('frees the place of a request whose client disconnects, whether it waits or runs', async () => {
    using harness = new QueueHarness({ throughput: saturated });
    harness.enqueueAll(8);
    await harness.waitForAdmitted(8);
    expect(harness.enqueueAll(40)).toBe(32);
    harness.end(8);
    expect(harness.enqueueAll(40)).toBe(32);
    harness.end(48, 87);
    expect(harness.enqueue()).toBe(true);
    harness.end(0, 8);
    await harness.waitForAdmitted(9);
    expect(harness.admitted).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 88]);
  });

  test('frees the place of a completed request only, and only once', async () => {
    let now = 0;
    using harness = new QueueHarness({ throughput: unsaturated, now: () => now }, 100);
    harness.enqueueAll(32);
    await harness.waitForAdmitted(16);
    harness.end(31); // a waiting one
    harness.rejectElsewhere();
    await harness.waitForAdmitted(16);
    expect(harness.admitted).toHaveLength(16);
    now = 201; // running requests no longer count after so long
    await harness.waitForAdmitted(31);
    harness.enqueueAll(8);
    harness.end(0, 16); // so ending them frees nothing
    await harness.waitForAdmitted(32);
    expect(harness.admitted).toHaveLength(32);
    harness.end(16, 17);
    await harness.waitForAdmitted(33);
    expect(harness.admitted).toHaveLength(33);
  });

  test('accepts arrivals before it admits any request, for a bounded time', async () => {
    let now = 0;
    using harness = new QueueHarness({ throughput: unsaturated, now: () => now });
    for (let iteration = 0; iteration < 5; iteration += 1) {
      harness.enqueue();
      await nextIteration();
      expect(harness.admitted).toEqual([]);
    }
    now = SLICE_MS;
    harness.enqueue();
    await nextIteration();
    expect(harness.admitted).not.toEqual([]);
  });

  test('admits a single request after a long iteration', async () => {
    let now = 0;
    using harness = new QueueHarness({ throughput: unsaturated, now: () => now });
    harness.enqueueAll(5);
    now = 2 * SLICE_MS;
    await nextIteration();
    expect(harness.admitted).toEqual([0]);
  });

  test('counts admitted requests as completed when they end, and none that another layer rejected', async () => {
    using harness = new QueueHarness({ throughput: unsaturated });
    harness.rejectElsewhere();
    expect(harness.queue.completed).toBe(0);
    harness.enqueueAll(3);
    await harness.waitForAdmitted(3);
    expect(harness.queue.completed).toBe(0);
    harness.end(0, 2);
    expect(harness.queue.completed).toBe(2);
  });

  test('runs at most half as many requests at once as may wait', async () => {
    const inFlight = new InFlight();
    const queue = new AdmissionQueue(inFlight, LONG_MS, 0.98, { throughput: unsaturated });
    const running: (() => void)[] = [];
    const app = express().use((_req, res) => {
      inFlight.add(res);
      queue.tryEnqueue(res, () => {
        running.push(() => res.end());
      });
    });
    const server = createServer(app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const responses = Array.from({ length: 30 }, async () => {
      const [response] = (await once(get({ port, agent: false }), 'response')) as [NodeJS.ReadableStream];
      response.resume();
      await once(response, 'end');
    });
    await until('all requests to arrive', () => inFlight.size === 30 || undefined);
    await until('half of the queue to run', () => running.length >= 16 || undefined);
    await sleep(50); // in which more could be admitted
    expect(running).toHaveLength(16);
    for (let request = 0; request < 30; request += 1) {
      const end = await until('the next request to run', () => running[request]);
      end();
    }
    await Promise.all(responses);
    expect(running).toHaveLength(30);
    server.close();
  });
});

describe('the admission queue of a saturated worker', () => {
  test('is busy after one long iteration, until the event loop has idle time again', async () => {
    using harness = new QueueHarness({});
    const idle = () => until('idle time', () => !harness.queue.busy || undefined);
    await idle();
    block(10 * SAMPLE_INTERVAL_MS); // time without a CPU does not count
    await sleep(0); // due timers run first, and with them the sample
    expect(harness.queue.busy).toBe(true);
    await idle();
  });

  test('runs few requests at once, so that the next iteration is short', async () => {
    const throughput = { ...saturated };
    using harness = new QueueHarness({ throughput });
    harness.enqueueAll(20);
    await harness.waitForAdmitted(8);
    expect(harness.admitted).toHaveLength(8);
    throughput.saturated = false;
    await harness.waitForAdmitted(16);
    expect(harness.admitted).toHaveLength(16);
  });
});

describe('the admission queue next to long-running responses', () => {
  test('admits more requests once the running ones have run for long', async () => {
    let now = 0;
    using harness = new QueueHarness({ throughput: unsaturated, now: () => now }, 100);
    harness.enqueueAll(32);
    await harness.waitForAdmitted(16);
    now = 200;
    await sleep(20);
    expect(harness.admitted).toHaveLength(16);
    now = 201;
    await harness.waitForAdmitted(32);
    expect(harness.admitted).toHaveLength(32);
  });
});

describe('the admission queue next to requests that wait for their bodies', () => {
  test('admits others, and counts those again whose bodies have arrived', async () => {
    using harness = new QueueHarness({ throughput: saturated });
    harness.withholdBodies();
    expect(harness.enqueueAll(30)).toBe(30);
    await harness.waitForAdmitted(30);
    harness.receiveBodies();
    harness.enqueueAll(1);
    await sleep(50);
    expect(harness.admitted).toHaveLength(30);
    harness.end(0, 25);
    await harness.waitForAdmitted(31);
  });
});
