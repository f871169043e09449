import { AsyncLocalStorage } from 'node:async_hooks';
import { EventEmitter } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import type { Request, Response } from 'express';
import { readConfig } from '../../../src/config/config.ts';
import { InFlight } from '../../../src/http/in-flight.ts';
import { createOverload } from '../../../src/layers/overload/overload.ts';
import { SAMPLE_INTERVAL_MS } from '../../../src/layers/overload/throughput.ts';
import { createMetrics } from '../../../src/telemetry/metrics.ts';
import type { VitalsMonitor } from '../../../src/telemetry/vitals-monitor.ts';
import { createTestApp } from '../../support/app.ts';
import { until } from '../../support/program.ts';
import { probe } from '../probe-feature.ts';

const idle = { utilization: 0, meanDelayMs: 0 };
const saturated = { utilization: 1, meanDelayMs: 20 };

/** The layer with a scripted event-loop reading. */
function createOverloadHarness(env: Readonly<Record<string, string>> = {}) {
  const eventLoop = { ...idle };
  const inFlight = new InFlight();
  const vitals = { latest: { eventLoop } } as unknown as VitalsMonitor;
  const layer = createOverload({ config: readConfig(env), vitals, metrics: createMetrics(), inFlight });
  return {
    setEventLoop: (reading: typeof idle) => Object.assign(eventLoop, reading),
    /** Passes a request to the layer. */
    send: ({ closed = false, onPass = (): unknown => undefined } = {}) => {
      const response = new EventEmitter();
      inFlight.add(response as unknown as Response);
      const res = Object.assign(response, { closed }) as unknown as Response;
      const request = { outcome: 'waits', end: () => response.emit('close') };
      void layer({ path: '/' } as Request, res, (problem?: unknown) => {
        onPass();
        request.outcome = problem === undefined ? 'passes' : 'is rejected';
      });
      return request;
    },
  };
}

describe('the overload layer', () => {
  test('rejects requests beyond the maximum in flight', () => {
    const { send } = createOverloadHarness({ MAX_REQUESTS_IN_FLIGHT: '2' });
    expect([send(), send(), send()].map(({ outcome }) => outcome)).toEqual([
      'passes',
      'passes',
      'is rejected',
    ]);
  });

  test('queues requests only if iterations of the event loop are long', () => {
    const { send, setEventLoop } = createOverloadHarness();
    setEventLoop({ ...saturated, meanDelayMs: 1 });
    expect(send().outcome).toBe('passes');
    setEventLoop(saturated);
    expect(send().outcome).toBe('waits');
  });

  test('does not queue or serve a request whose client has disconnected', async () => {
    const { send, setEventLoop } = createOverloadHarness();
    setEventLoop(saturated);
    const disconnected = Array.from({ length: 32 }, () => send({ closed: true }));
    const next = send();
    expect(next.outcome).toBe('waits');
    await until('the next to pass', () => (next.outcome === 'passes' ? true : undefined));
    expect(new Set(disconnected.map(({ outcome }) => outcome))).toEqual(new Set(['waits']));
  });

  test('passes each queued request in its own async context, which has its log fields', async () => {
    const { send, setEventLoop } = createOverloadHarness();
    setEventLoop(saturated);
    const storage = new AsyncLocalStorage<number>();
    const seen: unknown[] = [];
    for (const id of [1, 2, 3]) storage.run(id, () => send({ onPass: () => seen.push(storage.getStore()) }));
    await until('all to pass', () => (seen.length === 3 ? true : undefined));
    expect(seen).toEqual([1, 2, 3]);
  });

  test('counts requests that were never queued as throughput, so that the queue may be as long', async () => {
    const { send, setEventLoop } = createOverloadHarness({ OVERLOAD_MAX_DELAY_MS: '60000' });
    for (let sample = 0; sample < 12; sample += 1) {
      for (let request = 0; request < 10; request += 1) send().end();
      await sleep(SAMPLE_INTERVAL_MS);
    }
    setEventLoop(saturated);
    const requests = Array.from({ length: 100 }, () => send());
    expect(new Set(requests.map(({ outcome }) => outcome))).toEqual(new Set(['waits']));
    for (const { end } of requests) end();
  });
});

describe('an overloaded app', () => {
  const vitals = { eventLoop: { utilization: 1, meanDelayMs: 20, p99DelayMs: 0, maxDelayMs: 0 } };
  const env = { OVERLOAD_MAX_DELAY_MS: '500' };

  test('sheds requests beyond the maximum in flight with 503 and Retry-After, but never probes', async () => {
    const inFlight = Object.assign(new InFlight(), { add: () => undefined });
    Object.defineProperty(inFlight, 'size', { value: 11 });
    await using full = await createTestApp({
      features: [probe],
      inFlight,
      env: { MAX_REQUESTS_IN_FLIGHT: '10' },
    });
    const shed = await full.client.get('/probe/small');
    expect(shed.status).toBe(503);
    expect(shed.body).toMatchObject({ code: 'overloaded' });
    expect(shed.headers['retry-after']).toBe('1');
    await full.client.get('/livez').expect(200);
    expect(await full.metrics.registry.metrics()).toContain('http_requests_shed_total{by="in-flight"} 1');
  });

  test('serves while the queue is short', async () => {
    await using busy = await createTestApp({ features: [probe], vitals, env });
    await busy.client.get('/probe/small').expect(200);
  });
});
