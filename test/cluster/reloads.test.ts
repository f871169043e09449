import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { EventLog } from '../../src/cluster/events.ts';
import { Reloads } from '../../src/cluster/reloads.ts';
import type { Replacement } from '../../src/cluster/replacement.ts';
import type { WorkerHandle } from '../../src/cluster/worker-handle.ts';
import type { Workers } from '../../src/cluster/workers.ts';
import { readSettings, type Settings } from '../../src/config/read.ts';

const env = { WORKERS: '2' };

/** A service of two workers that is reloaded onto what `next` says. */
function serve(replace: (worker: { state: string }, settings: Settings) => void = () => undefined) {
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

test('a reload that fails leaves the settings that there were, with which a worker that falls is replaced', async () => {
  const tried: number[] = [];
  const { workers, started, state, reloads } = serve((_worker, { config }) => {
    tried.push(config.BODY_LIMIT_BYTES);
    throw new Error('broken on purpose');
  });
  state.next = { ...env, BODY_LIMIT_BYTES: '50' };
  expect(await reloads.reload()).toMatchObject({ ok: false, replaced: 0, reason: 'broken on purpose' });
  expect(tried).toEqual([50]);
  expect(workers.settings).toBe(started);
});

test('a reload that succeeds names every value that only a start brings in, also the next time', async () => {
  const { state, reloads } = serve();
  expect(await reloads.reload()).not.toHaveProperty('needRestart');
  state.next = { WORKERS: '3', HOST: '::1', PORT: '4000', MANAGEMENT_HOST: '::1', MANAGEMENT_PORT: '4001' };
  const needRestart = ['WORKERS', 'MANAGEMENT_HOST', 'MANAGEMENT_PORT', 'HOST', 'PORT'];
  expect(await reloads.reload()).toMatchObject({ ok: true, needRestart });
  expect(await reloads.reload()).toMatchObject({ ok: true, needRestart });
});

test('a reload replaces nobody who fell meanwhile, for its successor is new already', async () => {
  const { all, reloads } = serve(() => all.map((worker) => (worker.state = 'gone')));
  expect(await reloads.reload()).toMatchObject({ ok: true, replaced: 1 });
});

test('a reload ends where the service stops meanwhile', async () => {
  const { state, reloads } = serve(() => (state.stopping = true));
  expect(await reloads.reload()).toMatchObject({ ok: false, replaced: 1, reason: 'the service is stopping' });
});
