import { describe, expect, test } from '@jest/globals';
import { Heartbeats, type Heard } from '../../src/cluster/heartbeats.ts';

const TIMEOUT_MS = 1_000;
const LOOK_MS = 200;

/** A worker that was heard at 0 and never again, while time passes from look to look. */
function watchSilence(options: { untilMs: number; coreWaitPerLookMs?: number }): number | undefined {
  const worker: Heard = { pid: 1, state: 'ready', killed: false, heartbeatTimeoutMs: TIMEOUT_MS, heardAt: 0 };
  let coreWait = 0;
  let silentAt: number | undefined;
  const heartbeats = new Heartbeats({
    workers: () => [worker],
    readCoreWait: () => coreWait,
    onSilent: (_worker, silentMs) => (silentAt ??= silentMs),
  });
  for (let now = 0; now <= options.untilMs && silentAt === undefined; now += LOOK_MS) {
    heartbeats.look(now);
    coreWait += options.coreWaitPerLookMs ?? 0;
  }
  return silentAt;
}

describe('heartbeats', () => {
  test('find a worker that is silent for longer than the limit', () => {
    expect(watchSilence({ untilMs: 1_000 })).toBeUndefined();
    expect(watchSilence({ untilMs: 1_200 })).toBe(1_200);
  });

  test('excuse the time in which a worker was ready to run and got no core', () => {
    expect(watchSilence({ untilMs: 2_000, coreWaitPerLookMs: LOOK_MS / 2 })).toBeUndefined();
    expect(watchSilence({ untilMs: 3_000, coreWaitPerLookMs: LOOK_MS / 2 })).toBe(2_200);
  });

  test('but not for ever', () => {
    expect(watchSilence({ untilMs: 20_000, coreWaitPerLookMs: LOOK_MS })).toBe(6_200);
  });

  test('excuse nothing that was before the worker was last heard', () => {
    const worker: Heard = {
      pid: 1,
      state: 'ready',
      killed: false,
      heartbeatTimeoutMs: TIMEOUT_MS,
      heardAt: 0,
    };
    let coreWait = 0;
    const silent: number[] = [];
    const heartbeats = new Heartbeats({
      workers: () => [worker],
      readCoreWait: () => coreWait,
      onSilent: (_worker, silentMs) => silent.push(silentMs),
    });
    for (let now = 0; now <= 1_000; now += LOOK_MS) {
      heartbeats.look(now);
      coreWait += LOOK_MS;
    }
    worker.heardAt = 1_100;
    for (let now = 1_200; now <= 2_400; now += LOOK_MS) heartbeats.look(now);
    expect(silent).toEqual([1_300]);
  });

  test('kill nobody after a pause of the primary itself', () => {
    const worker: Heard = {
      pid: 1,
      state: 'ready',
      killed: false,
      heartbeatTimeoutMs: TIMEOUT_MS,
      heardAt: 0,
    };
    const silent: number[] = [];
    const heartbeats = new Heartbeats({
      workers: () => [worker],
      readCoreWait: () => 0,
      onSilent: (_worker, silentMs) => silent.push(silentMs),
    });
    heartbeats.look(200);
    heartbeats.look(5_000);
    expect(silent).toEqual([]);
    expect(worker.heardAt).toBe(5_000);
  });

  test('find nobody a second time who is killed already, nor who starts or drains', () => {
    const heard = { pid: 1, state: 'ready', killed: false, heartbeatTimeoutMs: TIMEOUT_MS, heardAt: 0 };
    const workers = [
      { ...heard, killed: true },
      { ...heard, state: 'starting' },
      { ...heard, state: 'draining' },
    ];
    const silent: unknown[] = [];
    const heartbeats = new Heartbeats({
      workers: () => workers,
      readCoreWait: () => 0,
      onSilent: (worker) => silent.push(worker),
    });
    for (let now = 0; now <= 2 * TIMEOUT_MS; now += LOOK_MS) heartbeats.look(now);
    expect(silent).toEqual([]);
  });

  test('go by what each worker says of itself: after a reload they differ', () => {
    const heard = { state: 'ready', killed: false, heardAt: 0 };
    const old = { ...heard, pid: 1, heartbeatTimeoutMs: TIMEOUT_MS };
    const fresh = { ...heard, pid: 2, heartbeatTimeoutMs: 3 * TIMEOUT_MS };
    const silent = new Map<number, number>();
    const heartbeats = new Heartbeats({
      workers: () => [old, fresh],
      readCoreWait: () => 0,
      onSilent: ({ pid }, silentMs) => silent.set(pid, silent.get(pid) ?? silentMs),
    });
    for (let now = 0; now <= 4 * TIMEOUT_MS; now += LOOK_MS) heartbeats.look(now);
    expect([...silent]).toEqual([
      [1, 1_200],
      [2, 3_200],
    ]);
  });
});
