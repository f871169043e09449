import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { readSettings, type Settings } from '../../src/config/config.ts';
import { EventLog } from '../../src/primary/event-log.ts';
import { Reloads } from '../../src/primary/reloads.ts';
import type { Replacement } from '../../src/primary/replacement.ts';
import type { WorkerHandle } from '../../src/primary/worker-handle.ts';
import type { Workers } from '../../src/primary/workers.ts';

const env = { WORKERS: '2' };

/** A service with two workers, which reloads to the environment `state.next`. */
function createHarness(replace: (worker: { state: string }, settings: Settings) => void = () => undefined) {
  const started = readSettings(env);
  const state = { next: env as Record<string, string>, stopping: false };
  const all = [1, 2].map(() => ({ state: 'ready', ready: Promise.resolve() }));
  const workers = { settings: started, all } as unknown as Workers;
  const replacement = {
    inTurn: <T>(change: () => Promise<T>) => Promise.resolve().then(change),
    replace: (worker: WorkerHandle) => Promise.resolve().then(() => replace(worker, workers.settings)),
  };
  const reloads = new Reloads({
    workers,
    replacement: replacement as unknown as Replacement,
    events: new EventLog(pino({ enabled: false })),
    stopping: () => state.stopping,
    readSettings: () => readSettings(state.next),
  });
  return { started, state, all, workers, reloads };
}

describe('a reload', () => {
  test('that fails restores the old settings, for replacements of workers that crash later', async () => {
    const limits: number[] = [];
    const { workers, started, state, reloads } = createHarness((_worker, { config }) => {
      limits.push(config.BODY_LIMIT_BYTES);
      throw new Error('broken on purpose');
    });
    state.next = { ...env, BODY_LIMIT_BYTES: '50' };
    expect(await reloads.reload()).toMatchObject({ ok: false, replaced: 0, reason: 'broken on purpose' });
    expect(limits).toEqual([50]);
    expect(workers.settings).toBe(started);
  });

  test('names every changed variable that needs a restart, and names it again the next time', async () => {
    const { state, reloads } = createHarness();
    expect(await reloads.reload()).not.toHaveProperty('needRestart');
    state.next = { WORKERS: '3', HOST: '::1', PORT: '4000', MANAGEMENT_HOST: '::1', MANAGEMENT_PORT: '4001' };
    const needRestart = ['WORKERS', 'MANAGEMENT_HOST', 'MANAGEMENT_PORT', 'HOST', 'PORT'];
    expect(await reloads.reload()).toMatchObject({ ok: true, needRestart });
    expect(await reloads.reload()).toMatchObject({ ok: true, needRestart });
  });

  test('skips a worker that dies during the reload: its replacement has the new code already', async () => {
    const { all, reloads } = createHarness(() => all.map((worker) => (worker.state = 'gone')));
    expect(await reloads.reload()).toMatchObject({ ok: true, replaced: 1 });
  });

  test('stops when the service shuts down', async () => {
    const { state, reloads } = createHarness(() => (state.stopping = true));
    const reason = 'the service is shutting down';
    expect(await reloads.reload()).toMatchObject({ ok: false, replaced: 1, reason });
  });
});
