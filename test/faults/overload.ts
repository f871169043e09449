/** More requests than can be served. */
import { readFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Fault, Finding } from './fault.ts';
import type { Lab } from './lab.ts';
import { Tally, Traffic, type Shot } from './traffic.ts';

/** What a client waits; an answer that comes later is no good to it. */
const PATIENCE_MS = 2_000;
/** CPU time that one request takes. */
const WORK_MS = 20;
const TIMES = 5;
/** Enough that the worker never waits for the client. */
const PEAK_CONNECTIONS = 4;

/**
 * Time in milliseconds that stands still while the worker is ready to run and others have all cores: the client of
 * this very load among them. What the worker makes of the rest is what is measured.
 */
class WorkerClock {
  readonly #schedule: string;

  constructor(pid: number) {
    this.#schedule = `/proc/${pid}/task/${pid}/schedstat`;
  }

  get now(): number {
    return performance.now() - this.#keptWaitingMs();
  }

  /** https://docs.kernel.org/scheduler/sched-stats.html; nothing where there is no such file. */
  #keptWaitingMs(): number {
    try {
      return Number(readFileSync(this.#schedule, 'utf8').split(' ')[1]) / 1e6;
    } catch {
      return 0;
    }
  }
}

/** Answers with 200 in a second, at a load that never asks for more than the worker has done. */
async function measurePeak(clock: WorkerClock, shot: Shot, forMs: number): Promise<number> {
  const from = clock.now;
  const peak = new Traffic(PEAK_CONNECTIONS, [shot]);
  await sleep(forMs);
  await peak.stop();
  return ((peak.byStatus[200] ?? 0) * 1_000) / (clock.now - from);
}

/** What became of all overloads together. */
class Overload extends Tally {
  badlyShed = 0;
  late = 0;

  /** Sends so many requests a second, whatever becomes of them. @returns answers with 200 in a second, in time */
  async measure(clock: WorkerClock, shot: Shot, rate: number, forMs: number): Promise<number> {
    const agent = new Agent({ keepAlive: true });
    const asked: Promise<unknown>[] = [];
    let good = 0;
    const from = clock.now;
    for (let now = from; now - from < forMs; now = clock.now) {
      // Whatever became due meanwhile is sent, so that a slow server does not slow the load down.
      for (const due = ((now - from) * rate) / 1_000; asked.length < due;) {
        const sentAt = now;
        asked.push(
          this.count(shot, agent).then((answer) => {
            const inTime = clock.now - sentAt <= PATIENCE_MS;
            if (answer?.status === 200 && inTime) good += 1;
            if (answer?.status === 200 && !inTime) this.late += 1;
            if (answer?.status === 503 && !(Number(answer.headers['retry-after']) > 0)) this.badlyShed += 1;
          }),
        );
      }
      await sleep(2);
    }
    await Promise.all(asked);
    agent.destroy();
    // Counted over all of the time it worked, the rest of the queue included.
    return (good * 1_000) / (clock.now - from);
  }
}

/**
 * Peak and overload take turns in short rounds, and each overload is compared with the peaks on both sides of it: a
 * machine that becomes slower or faster meanwhile does so for both. The median leaves out rounds that were disturbed.
 */
async function overload(lab: Lab, path: string): Promise<Finding> {
  const rounds = lab.short ? 3 : 5;
  const roundMs = lab.short ? 1_500 : 2_000;
  const program = await lab.start({ WORKERS: '1' });
  const shot = { url: `${program.url}${path}?n=${WORK_MS}` };
  const total = new Overload();
  const shares: number[] = [];
  const [worker] = await program.readyWorkers(1);
  const clock = new WorkerClock(worker?.pid ?? 0);
  const peaks = [await measurePeak(clock, shot, roundMs)];
  for (let round = 1; round <= rounds; round += 1) {
    const before = peaks.at(-1) ?? 0;
    lab.say(`${path}, round ${round} of ${rounds}: ${TIMES} times ${before.toFixed(1)}/s`);
    const goodput = await total.measure(clock, shot, TIMES * before, roundMs);
    const after = await measurePeak(clock, shot, roundMs);
    peaks.push(after);
    shares.push(goodput / ((before + after) / 2));
  }
  const share = median(shares);
  const percent = (value: number) => Math.round(value * 100);
  const sorted = shares.toSorted((a, b) => a - b).map(percent);
  return {
    figure: `${path}: peak ${median(peaks).toFixed(1)}/s, at ${TIMES} times that ${percent(share)} % of it in time (rounds: ${sorted.join(', ')}), ${total.late} late; of ${total.sent} ${total.byStatus[503] ?? 0} × 503 (${total.badlyShed} without Retry-After), ${total.reset + total.refused} failed`,
    checks: {
      [`${path}: goodput of at least 90 % of the peak`]: share >= 0.9,
      [`${path}: every 503 carries Retry-After`]: total.badlyShed === 0,
      [`${path}: what does not fit is shed`]: (total.byStatus[503] ?? 0) > 0,
      [`${path}: every request is answered`]: total.reset + total.refused === 0,
    },
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  return ((sorted[Math.floor(middle)] ?? 0) + (sorted[Math.ceil(middle)] ?? 0)) / 2;
}

export const fiveTimes: Fault = {
  name: 'overload',
  expects:
    'five times the capacity, CPU-bound at once and after a wait: goodput ≥ 90 % of the peak; every 503 with Retry-After',
  async run(lab) {
    const first = await overload(lab, '/faults/work');
    const second = await overload(lab, '/faults/work-later');
    return { figure: `${first.figure} | ${second.figure}`, checks: { ...first.checks, ...second.checks } };
  },
};
