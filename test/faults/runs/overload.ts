import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { median } from '../../../src/shared/statistics.ts';
import type { Fault, Finding } from '../fault.ts';
import type { Sandbox } from '../sandbox.ts';
import { Tally, Traffic, type RequestSpec } from '../traffic.ts';
import { WorkerClock } from '../worker-clock.ts';

/** How long a client waits: a later response does not count as goodput. */
const CLIENT_TIMEOUT_MS = 2_000;
/** CPU time of one request. */
const WORK_MS = 20;
const FACTOR = 5;
/** Enough for the worker never to wait for a client. */
const PEAK_CONNECTIONS = 4;

/** @returns successful responses per second with a load that never exceeds the capacity */
async function measurePeak(clock: WorkerClock, request: RequestSpec, forMs: number): Promise<number> {
  const startedAt = clock.now;
  const traffic = new Traffic(PEAK_CONNECTIONS, [request]);
  await sleep(forMs);
  await traffic.stop();
  return ((traffic.byStatus[200] ?? 0) * 1_000) / (clock.now - startedAt);
}

/** All requests of the overload rounds. */
class Overload extends Tally {
  withoutRetryAfter = 0;
  late = 0;

  /**
   * An open load: sends requests at a rate that does not depend on the responses.
   *
   * @returns goodput: successful responses per second within the client's timeout
   */
  async measureGoodput(
    clock: WorkerClock,
    request: RequestSpec,
    rate: number,
    forMs: number,
  ): Promise<number> {
    const agent = new Agent({ keepAlive: true });
    const responses: Promise<unknown>[] = [];
    let good = 0;
    const startedAt = clock.now;
    for (let now = startedAt; now - startedAt < forMs; now = clock.now) {
      const sentAt = now;
      while (responses.length < ((now - startedAt) * rate) / 1_000) {
        responses.push(
          this.send(request, agent).then((response) => {
            const inTime = clock.now - sentAt <= CLIENT_TIMEOUT_MS;
            if (response?.status === 200 && inTime) good += 1;
            if (response?.status === 200 && !inTime) this.late += 1;
            if (response?.status === 503 && !(Number(response.headers['retry-after']) > 0))
              this.withoutRetryAfter += 1;
          }),
        );
      }
      await sleep(2);
    }
    await Promise.all(responses);
    agent.destroy();
    // Until the last response, because the queue is served after the last request.
    return (good * 1_000) / (clock.now - startedAt);
  }
}

/**
 * Alternates peak and overload in short rounds and compares each overload with the peaks before and after it, so that a
 * change in the machine's speed affects both. The median ignores disturbed rounds.
 */
async function measureOverload(sandbox: Sandbox, path: string): Promise<Finding> {
  const rounds = sandbox.short ? 3 : 5;
  const roundMs = sandbox.short ? 1_500 : 2_000;
  const program = await sandbox.start({ WORKERS: '1' });
  const request = { url: `${program.url}${path}?n=${WORK_MS}` };
  const total = new Overload();
  const shares: number[] = [];
  const [worker] = await program.readyWorkers(1);
  const clock = new WorkerClock(worker?.pid ?? 0);
  const peaks = [await measurePeak(clock, request, roundMs)];
  for (let round = 1; round <= rounds; round += 1) {
    const before = peaks.at(-1) ?? 0;
    sandbox.show(
      `${path}, round ${round} of ${rounds}: ${FACTOR} × ${before.toFixed(1)} requests per second`,
    );
    const goodput = await total.measureGoodput(clock, request, FACTOR * before, roundMs);
    const after = await measurePeak(clock, request, roundMs);
    peaks.push(after);
    shares.push(goodput / ((before + after) / 2));
  }
  await program.stop(); // the next one uses the same data folder
  const share = median(shares);
  const percent = (value: number) => `${Math.round(value * 100)}%`;
  const sorted = shares.toSorted((a, b) => a - b).map(percent);
  const shed = total.byStatus[503] ?? 0;
  const lost = total.aborted + total.refused;
  return {
    figure: `${path}: peak ${median(peaks).toFixed(1)} per second, goodput at ${FACTOR}× that ${percent(share)} of it (rounds: ${sorted.join(', ')}), ${total.late} late; ${total.sent} requests: ${shed} × 503 (${total.withoutRetryAfter} without Retry-After), ${lost} without a response`,
    checks: {
      [`${path}: goodput at least 90% of peak`]: share >= 0.9,
      [`${path}: Retry-After on every 503`]: total.withoutRetryAfter === 0,
      [`${path}: excess requests shed`]: shed > 0,
      [`${path}: every request gets a response`]: lost === 0,
    },
  };
}

export const overload: Fault = {
  name: 'overload',
  alone: true,
  expects:
    'CPU-bound requests at 5× capacity: goodput at least 90% of peak; excess requests get 503 with Retry-After',
  async run(sandbox) {
    const first = await measureOverload(sandbox, '/faults/work');
    const second = await measureOverload(sandbox, '/faults/work-later');
    return { figure: `${first.figure} | ${second.figure}`, checks: { ...first.checks, ...second.checks } };
  },
};
