import { expect, test } from '@jest/globals';
import { pino } from 'pino';
import { EventLog } from '../../src/cluster/events.ts';
import { Replacement } from '../../src/cluster/replacement.ts';
import type { WorkerHandle } from '../../src/cluster/worker-handle.ts';
import type { Workers } from '../../src/cluster/workers.ts';

test('a fork that throws is tried again', async () => {
  let forks = 0;
  const workers = {
    inService: [],
    fork(slot: number) {
      forks += 1;
      if (forks === 1) throw new Error('spawn ENOMEM');
      return { id: 2, pid: 1, slot, ready: Promise.resolve('') };
    },
  };
  const events = new EventLog(pino({ enabled: false }));
  const replacement = new Replacement({
    workers: workers as unknown as Workers,
    events,
    stopping: () => false,
    onGiveUp: () => undefined,
  });
  await replacement.restart({ id: 1, slot: 0, livedMs: 10_000 } as WorkerHandle);
  expect(events.latest.map(({ event }) => event)).toEqual(['restart-delayed', 'replaced']);
  expect(replacement.restartsOf(0)).toBe(1);
});
