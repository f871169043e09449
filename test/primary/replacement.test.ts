import { beforeEach, expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { EventLog } from '../../src/primary/event-log.ts';
import type { WorkerHandle } from '../../src/primary/worker-handle.ts';
import type { Workers } from '../../src/primary/workers.ts';

/** The delays before retries, in milliseconds; no time passes here. */
let delays: number[] = [];
beforeEach(() => {
  delays = [];
});
jest.unstable_mockModule('node:timers/promises', () => ({
  setTimeout: (ms: number) => Promise.resolve(delays.push(ms)),
}));
const { Replacement } = await import('../../src/primary/replacement.ts');

interface Scenario {
  /** Starts worker number 1, 2 …: resolves if it becomes ready, rejects if it does not, throws if there is no process. */
  readonly fork: (number: number) => Promise<string>;
  readonly inService?: readonly object[];
  readonly stopping?: () => boolean;
}

function createHarness({ fork, inService = [], stopping = () => false }: Scenario) {
  const events = new EventLog(pino({ enabled: false }));
  const counts = { forks: 0, drains: 0, gaveUp: 0 };
  const workers = {
    inService,
    fork(slot: number) {
      counts.forks += 1;
      return { id: counts.forks + 1, pid: 1, slot, ready: fork(counts.forks) };
    },
  };
  const replacement = new Replacement({
    workers: workers as unknown as Workers,
    events,
    stopping,
    onGiveUp: () => (counts.gaveUp += 1),
  });
  const createWorker = (state = 'ready') => {
    const drain = () => Promise.resolve((counts.drains += 1));
    return { id: 1, slot: 0, uptimeMs: 10_000, state, replaced: false, drain } as unknown as WorkerHandle;
  };
  return { replacement, counts, createWorker, eventNames: () => events.latest.map(({ event }) => event) };
}

const forkThrows = () => {
  throw new Error('spawn ENOMEM');
};
const becomesReady = () => Promise.resolve('');
const startFails = () => Promise.reject(new Error('not ready'));

test('retries a fork that throws', async () => {
  const { replacement, createWorker, eventNames } = createHarness({
    fork: (number) => (number === 1 ? forkThrows() : becomesReady()),
  });
  await replacement.restart(createWorker());
  expect(eventNames()).toEqual(['restart-delayed', 'replaced']);
  expect(replacement.restartsOf(0)).toBe(1);
});

test('forks no worker once the service shuts down', async () => {
  const { replacement, counts, createWorker } = createHarness({ fork: becomesReady, stopping: () => true });
  await replacement.restart(createWorker());
  expect(counts.forks).toBe(0);
});

test('retries failing forks with growing delays, then gives up', async () => {
  const { replacement, counts, createWorker } = createHarness({ fork: forkThrows });
  await replacement.restart(createWorker());
  expect(counts).toMatchObject({ forks: 8, gaveUp: 1 });
  expect(delays).toHaveLength(7);
  expect(delays).toEqual(delays.toSorted((a, b) => a - b));
});

test('retries failing forks every 30 seconds without giving up while other workers serve', async () => {
  const { replacement, counts, createWorker } = createHarness({
    fork: (number) => (number > 20 ? becomesReady() : forkThrows()),
    inService: [{}],
    stopping: () => delays.filter((ms) => ms === 30_000).length === 3,
  });
  await replacement.restart(createWorker());
  expect(counts).toMatchObject({ forks: 10, gaveUp: 0 });
});

test('drains a worker once its replacement is ready', async () => {
  const { replacement, counts, createWorker } = createHarness({ fork: becomesReady });
  await replacement.replace(createWorker(), 'reload');
  expect(counts).toEqual({ forks: 1, drains: 1, gaveUp: 0 });
});

test('keeps a worker whose replacement cannot start, and may replace it later', async () => {
  const { replacement, counts, createWorker } = createHarness({ fork: startFails });
  const old = createWorker();
  await expect(replacement.replace(old, 'reload')).rejects.toThrow('not ready');
  expect(old.replaced).toBe(false);
  expect(counts).toEqual({ forks: 1, drains: 0, gaveUp: 0 });
});

test.each([
  { stopping: false, forks: 2, title: 'replaces a worker that dies while its replacement fails to start' },
  { stopping: true, forks: 1, title: 'replaces no worker that dies during a shutdown' },
])('$title', async ({ stopping, forks }) => {
  const { replacement, counts, createWorker } = createHarness({
    fork: (number) => (number === 1 ? startFails() : becomesReady()),
    stopping: () => stopping,
  });
  await expect(replacement.replace(createWorker('gone'), 'reload')).rejects.toThrow('not ready');
  expect(counts.forks).toBe(forks);
});
