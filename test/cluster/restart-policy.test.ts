import { describe, expect, test } from '@jest/globals';
import { RestartPolicy, type RestartPolicyOptions } from '../../src/cluster/restart-policy.ts';

const options: RestartPolicyOptions = {
  healthyAfterMs: 5_000,
  baseDelayMs: 100,
  maxDelayMs: 1_000,
  maxFailures: 6,
  random: () => 1,
};

/** Lives of so many milliseconds, one after the other. */
function verdicts(policy: RestartPolicy, ...lives: number[]): (number | 'give-up')[] {
  return lives.map((livedMs) => {
    const verdict = policy.failed(livedMs);
    return verdict.action === 'restart' ? verdict.delayMs : 'give-up';
  });
}

describe('the restart policy', () => {
  test('mends the first failure at once, then waits twice as long each time, up to a limit, and gives up', () => {
    expect(verdicts(new RestartPolicy(options), 0, 0, 0, 0, 0, 0, 0, 0)).toEqual([
      0,
      100,
      200,
      400,
      800,
      1_000,
      'give-up',
      'give-up',
    ]);
  });

  test('counts anew after a worker that lived long enough', () => {
    expect(verdicts(new RestartPolicy(options), 0, 0, 0, 5_000, 0, 4_999)).toEqual([
      0, 100, 200, 0, 100, 200,
    ]);
  });

  test('never gives up on workers that fail once in a while', () => {
    const lives = Array.from({ length: 100 }, () => 60_000);
    expect(new Set(verdicts(new RestartPolicy(options), ...lives))).toEqual(new Set([0]));
  });

  test('takes at most half of the delay off by chance', () => {
    const least = new RestartPolicy({ ...options, random: () => 0 });
    expect(verdicts(least, 0, 0, 0, 0)).toEqual([0, 50, 100, 200]);
  });

  test('with its defaults forks at most ten workers in any five seconds of a crash loop', () => {
    const policy = new RestartPolicy();
    const forks: number[] = [];
    let now = 0;
    for (let delay = verdicts(policy, 0)[0]; delay !== 'give-up'; delay = verdicts(policy, 0)[0]) {
      now += delay ?? 0; // each falls as soon as it was forked: nothing could be faster
      forks.push(now);
    }
    const most = Math.max(
      ...forks.map((from) => forks.filter((at) => at >= from && at < from + 5_000).length),
    );
    expect(most).toBeLessThanOrEqual(10);
  });
});
