/** What to do after a worker has failed. */
export type Verdict =
  | { readonly action: 'restart'; readonly delayMs: number }
  /** Workers keep failing soon after they start: another try would end as the last ones did. */
  | { readonly action: 'give-up' };

export interface RestartPolicyOptions {
  /** A worker that lived at least this long was healthy: its failure starts the count anew. */
  readonly healthyAfterMs: number;
  /** Delay after the second failure in a row; it doubles with each further one. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** Failures in a row after which the breaker opens. */
  readonly maxFailures: number;
  /** A number from 0 to 1, for the jitter. */
  readonly random: () => number;
}

export const defaultRestartPolicy: RestartPolicyOptions = {
  healthyAfterMs: 5_000,
  baseDelayMs: 100,
  maxDelayMs: 30_000,
  maxFailures: 8,
  random: Math.random,
};

/**
 * Exponential back-off with jitter, and a breaker. The first failure of a healthy worker is mended at once; workers
 * that fail young are replaced more and more slowly, and in the end not at all.
 */
export class RestartPolicy {
  readonly #options: RestartPolicyOptions;
  #failures = 0;

  constructor(options: RestartPolicyOptions = defaultRestartPolicy) {
    this.#options = options;
  }

  /** @param livedMs how long the failed worker was in service; 0 if it never was */
  failed(livedMs: number): Verdict {
    const { healthyAfterMs, baseDelayMs, maxDelayMs, maxFailures, random } = this.#options;
    this.#failures = livedMs >= healthyAfterMs ? 1 : this.#failures + 1;
    if (this.#failures > maxFailures) return { action: 'give-up' };
    if (this.#failures === 1) return { action: 'restart', delayMs: 0 };
    const delayMs = Math.min(maxDelayMs, baseDelayMs * 2 ** (this.#failures - 2));
    // Half of it is fixed and half is chance: workers that failed together do not start together.
    return { action: 'restart', delayMs: Math.round(delayMs * (0.5 + random() / 2)) };
  }
}
