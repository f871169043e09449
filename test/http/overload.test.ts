import { EventEmitter } from 'node:events';
import type { Request, Response } from 'express';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { readConfig } from '../../src/config/read.ts';
import { InFlight } from '../../src/http/in-flight.ts';
import { createOverload } from '../../src/http/overload.ts';
import { LOOK_EVERY_MS } from '../../src/http/pace.ts';
import { createMetrics } from '../../src/process/metrics.ts';
import type { VitalsMonitor } from '../../src/process/vitals.ts';
import { until } from '../support/program.ts';

const idle = { utilization: 0, meanDelayMs: 0 };
const busy = { utilization: 1, meanDelayMs: 20 };

/** The layer, before a worker that feels as it is told. */
function stand(env: Readonly<Record<string, string>> = {}) {
  const eventLoop = { ...idle };
  const inFlight = new InFlight();
  const vitals = { latest: { eventLoop } } as unknown as VitalsMonitor;
  const layer = createOverload({ config: readConfig(env), vitals, metrics: createMetrics(), inFlight });
  return {
    feel: (how: typeof idle) => Object.assign(eventLoop, how),
    /** Has a request meet the layer. */
    ask: ({ closed = false } = {}) => {
      const answer = new EventEmitter();
      inFlight.add(answer as unknown as Response);
      const res = Object.assign(answer, { closed }) as unknown as Response;
      const asked = { outcome: 'waits', end: () => answer.emit('close') };
      void layer({ path: '/' } as Request, res, (problem?: unknown) => {
        asked.outcome = problem === undefined ? 'passes' : 'is refused';
      });
      return asked;
    },
  };
}

test('as many as are allowed may be in flight, and one more is refused', () => {
  const { ask } = stand({ MAX_REQUESTS_IN_FLIGHT: '2' });
  expect([ask(), ask(), ask()].map(({ outcome }) => outcome)).toEqual(['passes', 'passes', 'is refused']);
});

test('nobody waits for a worker that is busy in short turns', () => {
  const { ask, feel } = stand();
  feel({ ...busy, meanDelayMs: 1 });
  expect(ask().outcome).toBe('passes');
  feel(busy);
  expect(ask().outcome).toBe('waits');
});

test('who has left before it came to this layer takes no place in the queue, and is not served', async () => {
  const { ask, feel } = stand();
  feel(busy);
  const left = Array.from({ length: 32 }, () => ask({ closed: true }));
  const next = ask();
  expect(next.outcome).toBe('waits');
  await until('the next to pass', () => (next.outcome === 'passes' ? true : undefined));
  expect(new Set(left.map(({ outcome }) => outcome))).toEqual(new Set(['waits']));
});

test('what never had to wait counts for the pace: as many may wait as this worker has finished before', async () => {
  const { ask, feel } = stand({ OVERLOAD_MAX_DELAY_MS: '60000' });
  for (let look = 0; look < 12; look += 1) {
    for (let request = 0; request < 10; request += 1) ask().end();
    await sleep(LOOK_EVERY_MS);
  }
  feel(busy);
  const asked = Array.from({ length: 100 }, () => ask());
  expect(new Set(asked.map(({ outcome }) => outcome))).toEqual(new Set(['waits']));
  for (const { end } of asked) end();
});
