import { describe, expect, test } from '@jest/globals';
import { Heartbeats, type HeartbeatSource } from '../../src/primary/heartbeats.ts';

const TIMEOUT_MS = 1_000;
const CHECK_INTERVAL_MS = 200;

/** A worker that sent a heartbeat at 0 and none since. */
const silentWorker: HeartbeatSource = {
  pid: 1,
  state: 'ready',
  killed: false,
  debugging: false,
  heartbeatTimeoutMs: TIMEOUT_MS,
  lastHeartbeatAt: 0,
};

/** Checks workers on a simulated clock, and records for how long each had been silent when it was first reported. */
function watch(...workers: HeartbeatSource[]) {
  const reports = new Map<number, number>();
  const paused: number[] = [];
  let now = -CHECK_INTERVAL_MS;
  let runQueueWait = 0;
  const heartbeats = new Heartbeats({
    workers: () => workers,
    readRunQueueWait: () => runQueueWait,
    onSilent: ({ pid }, silentMs) => reports.set(pid, reports.get(pid) ?? silentMs),
    onPaused: (_worker, silentMs) => paused.push(silentMs),
  });
  const checkUntil = (untilMs: number, starvedPerCheckMs = 0) => {
    while (now < untilMs) {
      now += CHECK_INTERVAL_MS;
      heartbeats.check(now);
      runQueueWait += starvedPerCheckMs;
    }
    return [...reports];
  };
  return { heartbeats, reports, paused, checkUntil };
}

describe('heartbeats', () => {
  test('report a worker that is silent for longer than its timeout', () => {
    const { checkUntil } = watch({ ...silentWorker });
    expect(checkUntil(1_000)).toEqual([]);
    expect(checkUntil(1_200)).toEqual([[1, 1_200]]);
  });

  test('report a worker that may be at a breakpoint as paused, once', () => {
    const worker = { ...silentWorker, debugging: true };
    const { checkUntil, paused } = watch(worker);
    expect(checkUntil(20_000)).toEqual([]);
    expect(paused).toEqual([1_200]);
    worker.lastHeartbeatAt = 20_000;
    expect(checkUntil(22_000)).toEqual([]);
    expect(paused).toEqual([1_200, 1_200]);
  });

  test('do not count the time for which a worker waited for a CPU', () => {
    const { checkUntil } = watch({ ...silentWorker });
    expect(checkUntil(2_000, CHECK_INTERVAL_MS / 2)).toEqual([]);
    expect(checkUntil(3_000, CHECK_INTERVAL_MS / 2)).toEqual([[1, 2_200]]);
  });

  test('report a worker that waits for a CPU all the time after six timeouts', () => {
    const { checkUntil } = watch({ ...silentWorker });
    expect(checkUntil(20_000, CHECK_INTERVAL_MS)).toEqual([[1, 6_200]]);
  });

  test('do not excuse a silence with a wait for a CPU before the last heartbeat', () => {
    const worker = { ...silentWorker };
    const { checkUntil } = watch(worker);
    checkUntil(1_000, CHECK_INTERVAL_MS);
    worker.lastHeartbeatAt = 1_100;
    expect(checkUntil(2_400)).toEqual([[1, 1_300]]);
  });

  test('report no worker after a suspension of the primary itself', () => {
    const worker = { ...silentWorker };
    const { heartbeats, reports, checkUntil } = watch(worker);
    checkUntil(200);
    heartbeats.check(5_000);
    expect([...reports]).toEqual([]);
    expect(worker.lastHeartbeatAt).toBe(5_000);
  });

  test.each([{ killed: true }, { state: 'starting' }, { state: 'draining' }])(
    'do not report a worker with %j',
    (state) => {
      expect(watch({ ...silentWorker, ...state }).checkUntil(2 * TIMEOUT_MS)).toEqual([]);
    },
  );

  test("use each worker's own timeout, which may differ after a reload", () => {
    const old = { ...silentWorker };
    const reloaded = { ...silentWorker, pid: 2, heartbeatTimeoutMs: 3 * TIMEOUT_MS };
    expect(watch(old, reloaded).checkUntil(4 * TIMEOUT_MS)).toEqual([
      [1, 1_200],
      [2, 3_200],
    ]);
  });
});
