import { describe, expect, test } from '@jest/globals';
import { RestartPolicy, type RestartPolicyOptions } from '../../src/primary/restart-policy.ts';

const options: RestartPolicyOptions = {
  healthyAfterMs: 5_000,
  baseDelayMs: 100,
  maxDelayMs: 1_000,
  maxFailures: 6,
  random: () => 1,
};

/** The delay after each failure, or that the policy gives up. */
function verdicts(policy: RestartPolicy, ...uptimesMs: number[]): (number | 'give-up')[] {
  return uptimesMs.map((uptimeMs) => {
    const verdict = policy.failed(uptimeMs);
    return verdict.action === 'restart' ? verdict.delayMs : 'give-up';
  });
}

describe('the restart policy', () => {
  test('restarts at once after the first failure, then doubles the delay up to a limit, then gives up', () => {
    const expected = [0, 100, 200, 400, 800, 1_000, 'give-up', 'give-up'];
    expect(verdicts(new RestartPolicy(options), 0, 0, 0, 0, 0, 0, 0, 0)).toEqual(expected);
  });

  test('resets the count after a worker that served long enough', () => {
    const expected = [0, 100, 200, 0, 100, 200];
    expect(verdicts(new RestartPolicy(options), 0, 0, 0, 5_000, 0, 4_999)).toEqual(expected);
  });

  test('never gives up on workers that fail occasionally', () => {
    const uptimesMs = Array.from({ length: 100 }, () => 60_000);
    expect(new Set(verdicts(new RestartPolicy(options), ...uptimesMs))).toEqual(new Set([0]));
  });

  test('shortens a delay at random by at most half', () => {
    const shortest = new RestartPolicy({ ...options, random: () => 0 });
    expect(verdicts(shortest, 0, 0, 0, 0)).toEqual([0, 50, 100, 200]);
  });

  test('by default forks at most ten workers in any five seconds of a crash loop', () => {
    const policy = new RestartPolicy();
    const forks: number[] = [];
    let now = 0;
    for (let delay = verdicts(policy, 0)[0]; delay !== 'give-up'; delay = verdicts(policy, 0)[0]) {
      now += delay ?? 0; // each worker fails as soon as it is forked: the fastest possible loop
      forks.push(now);
    }
    const most = Math.max(
      ...forks.map((from) => forks.filter((at) => at >= from && at < from + 5_000).length),
    );
    expect(most).toBeLessThanOrEqual(10);
  });
});
