/** More requests than can be served. */
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, Finding } from './fault.ts';
import type { Lab } from './lab.ts';
import { Tally, Traffic, type Shot } from './traffic.ts';

/** What a client waits; an answer that comes later is no good to it. */
const PATIENCE_MS = 2_000;
const WORK_MS = 20;

async function measurePeak(lab: Lab, shot: Shot, forMs: number): Promise<number> {
  lab.say('measuring the peak');
  const peak = new Traffic(4, [shot]);
  const startedAt = performance.now();
  await sleep(forMs);
  await peak.stop();
  return ((peak.byStatus[200] ?? 0) * 1_000) / (performance.now() - startedAt);
}

async function overload(lab: Lab, path: string): Promise<Finding> {
  const seconds = lab.short ? 4 : 8;
  const program = await lab.start({ WORKERS: '1' });
  const shot = { url: `${program.url}${path}?n=${WORK_MS}` };

  const before = await measurePeak(lab, shot, seconds * 500);

  lab.say(`five times ${Math.round(before)}/s`);
  const tally = new Tally();
  const agent = new Agent({ keepAlive: true });
  let good = 0;
  let badlyShed = 0;
  const rate = 5 * before;
  const asked: Promise<unknown>[] = [];
  const from = performance.now();
  while (performance.now() - from < seconds * 1_000) {
    const due = ((performance.now() - from) * rate) / 1_000;
    // Whatever became due meanwhile is sent, so that a slow server does not slow the load down.
    while (asked.length < due) {
      const sentAt = performance.now();
      asked.push(
        tally.count(shot, agent).then((answer) => {
          if (answer?.status === 200 && performance.now() - sentAt <= PATIENCE_MS) good += 1;
          if (answer?.status === 503 && !(Number(answer.headers['retry-after']) > 0)) badlyShed += 1;
        }),
      );
    }
    await sleep(2);
  }
  const loadedMs = performance.now() - from;
  await Promise.all(asked);
  agent.destroy();
  // Counted over all of the time it worked, the rest of the queue included.
  const goodput = (good * 1_000) / Math.max(loadedMs, performance.now() - from);
  // Measured on both sides: this machine may have become slower or faster meanwhile.
  const capacity = (before + (await measurePeak(lab, shot, seconds * 500))) / 2;
  const share = goodput / capacity;
  return {
    figure: `${path}: peak ${capacity.toFixed(1)}/s, at ${(tally.sent / (loadedMs / 1_000)).toFixed(0)}/s ${goodput.toFixed(1)}/s in time: ${Math.round(share * 100)} %; ${tally.byStatus[503] ?? 0} × 503 (${badlyShed} without Retry-After), ${tally.reset + tally.refused} failed`,
    checks: {
      [`${path}: goodput of at least 90 % of the peak`]: share >= 0.9,
      [`${path}: every 503 carries Retry-After`]: badlyShed === 0,
      [`${path}: what does not fit is shed`]: (tally.byStatus[503] ?? 0) > 0,
      [`${path}: every request is answered`]: tally.reset + tally.refused === 0,
    },
  };
}

export const fiveTimes: Fault = {
  number: 18,
  name: 'overload',
  expects:
    'five times the capacity, CPU-bound at once and after a wait: goodput ≥ 90 % of the peak; every 503 with Retry-After',
  async run(lab) {
    const first = await overload(lab, '/faults/work');
    const second = await overload(lab, '/faults/work-later');
    return { figure: `${first.figure} | ${second.figure}`, checks: { ...first.checks, ...second.checks } };
  },
};
