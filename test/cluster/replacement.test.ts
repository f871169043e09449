import { expect, jest, test } from '@jest/globals';
import { pino } from 'pino';
import { EventLog } from '../../src/cluster/events.ts';
import type { WorkerHandle } from '../../src/cluster/worker-handle.ts';
import type { Workers } from '../../src/cluster/workers.ts';

/** What it waited for, in milliseconds; here no time passes. */
const waits: number[] = [];
jest.unstable_mockModule('node:timers/promises', () => ({
  setTimeout: (ms: number) => Promise.resolve(waits.push(ms)),
}));
const { Replacement } = await import('../../src/cluster/replacement.ts');

interface Scene {
  /** @returns what becomes of a new worker; where it throws there is none */
  readonly fork: (number: number) => Promise<string>;
  readonly inService?: readonly object[];
  readonly stopping?: () => boolean;
}

function replacing({ fork, inService = [], stopping = () => false }: Scene) {
  const events = new EventLog(pino({ enabled: false }));
  const seen = { forks: 0, drained: 0, gaveUp: 0 };
  const workers = {
    inService,
    fork(slot: number) {
      seen.forks += 1;
      return { id: seen.forks + 1, pid: 1, slot, ready: fork(seen.forks) };
    },
    drain: () => Promise.resolve((seen.drained += 1)),
  };
  const replacement = new Replacement({
    workers: workers as unknown as Workers,
    events,
    stopping,
    onGiveUp: () => (seen.gaveUp += 1),
  });
  return { replacement, seen, names: () => events.latest.map(({ event }) => event) };
}

const worker = (state = 'ready') =>
  ({ id: 1, slot: 0, livedMs: 10_000, state, replaced: false }) as unknown as WorkerHandle;
const noMemory = () => {
  throw new Error('spawn ENOMEM');
};
const served = () => Promise.resolve('');
const failed = () => Promise.reject(new Error('not ready'));

test('a fork that throws is tried again', async () => {
  const { replacement, names } = replacing({ fork: (number) => (number === 1 ? noMemory() : served()) });
  await replacement.restart(worker());
  expect(names()).toEqual(['restart-delayed', 'replaced']);
  expect(replacement.restartsOf(0)).toBe(1);
});

test('nobody is forked once the service stops', async () => {
  const { replacement, seen } = replacing({ fork: served, stopping: () => true });
  await replacement.restart(worker());
  expect(seen.forks).toBe(0);
});

test('forks that fail are tried more and more slowly, and given up', async () => {
  waits.length = 0;
  const { replacement, seen } = replacing({ fork: noMemory });
  await replacement.restart(worker());
  expect(seen).toMatchObject({ forks: 8, gaveUp: 1 });
  expect(waits).toHaveLength(7);
  expect(waits).toEqual(waits.toSorted((a, b) => a - b));
});

test('but not while others serve: then it is tried for ever, once in a while', async () => {
  waits.length = 0;
  const stopping = () => waits.filter((ms) => ms === 30_000).length === 3;
  const fork = (number: number) => (number > 20 ? served() : noMemory());
  const { replacement, seen } = replacing({ fork, inService: [{}], stopping });
  await replacement.restart(worker());
  expect(seen).toMatchObject({ forks: 10, gaveUp: 0 });
});

test('whose successor cannot start goes on, and is replaced when it falls later', async () => {
  const old = worker();
  const { replacement, seen } = replacing({ fork: failed });
  await expect(replacement.replace(old, 'reload')).rejects.toThrow('not ready');
  expect(old.replaced).toBe(false);
  expect(seen).toEqual({ forks: 1, drained: 0, gaveUp: 0 });
});

test('who fell while its successor could not start is replaced then, unless the service stops', async () => {
  for (const stops of [false, true]) {
    const fork = (number: number) => (number === 1 ? failed() : served());
    const { replacement, seen } = replacing({ fork, stopping: () => stops });
    await expect(replacement.replace(worker('gone'), 'reload')).rejects.toThrow('not ready');
    expect(seen.forks).toBe(stops ? 1 : 2);
  }
});
