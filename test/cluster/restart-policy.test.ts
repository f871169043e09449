import { describe, expect, test } from '@jest/globals';
import { defaultRestartPolicy, RestartPolicy } from '../../src/cluster/restart-policy.ts';

function policy(random: number): RestartPolicy {
  return new RestartPolicy({ ...defaultRestartPolicy, random: () => random });
}

/** The delays after so many failures in a row of workers that were never in service. */
function delays(subject: RestartPolicy, failures: number): (number | 'give-up')[] {
  return Array.from({ length: failures }, () => {
    const verdict = subject.failed(0);
    return verdict.action === 'restart' ? verdict.delayMs : 'give-up';
  });
}

describe('restart policy', () => {
  test('mends the first failure at once and waits twice as long after each further one', () => {
    expect(delays(policy(1), 6)).toEqual([0, 100, 200, 400, 800, 1600]);
  });

  test('never waits less than half of that, whatever chance says', () => {
    expect(delays(policy(0), 6)).toEqual([0, 50, 100, 200, 400, 800]);
  });

  test('gives up after too many failures in a row', () => {
    expect(delays(policy(1), 9).indexOf('give-up')).toBe(8);
  });

  test('starts anew after a worker that was healthy', () => {
    const subject = policy(1);
    delays(subject, 8);
    expect(subject.failed(defaultRestartPolicy.healthyAfterMs)).toEqual({ action: 'restart', delayMs: 0 });
    expect(delays(subject, 2)).toEqual([100, 200]);
  });

  test('never waits longer than its maximum', () => {
    const subject = new RestartPolicy({ ...defaultRestartPolicy, maxFailures: 100, random: () => 1 });
    expect(Math.max(...delays(subject, 50).map(Number))).toBe(defaultRestartPolicy.maxDelayMs);
  });
});
