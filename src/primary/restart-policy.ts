/** What to do after a worker has failed. */
export type Verdict =
  | { readonly action: 'restart'; readonly delayMs: number }
  /** Workers keep failing soon after they start: another try would end the same way. */
  | { readonly action: 'give-up' };

export interface RestartPolicyOptions {
  /** A worker that served at least this long was healthy: its failure resets the count. */
  readonly healthyAfterMs: number;
  /** Delay after the second failure in a row; doubles with each further one. */
  readonly baseDelayMs: number;
  readonly maxDelayMs: number;
  /** Failures in a row after which the policy gives up. */
  readonly maxFailures: number;
  /** Returns a number from 0 to 1, for the jitter. */
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
 * Exponential back-off with jitter, and a circuit breaker. A healthy worker that fails is restarted at once; workers
 * that fail soon after they start are restarted with growing delays, and in the end not at all.
 */
export class RestartPolicy {
  readonly #options: RestartPolicyOptions;
  #failures = 0;

  constructor(options: RestartPolicyOptions = defaultRestartPolicy) {
    this.#options = options;
  }

  /** @param uptimeMs how long the failed worker served; 0 if it never became ready */
  failed(uptimeMs: number): Verdict {
    const { healthyAfterMs, baseDelayMs, maxDelayMs, maxFailures, random } = this.#options;
    this.#failures = uptimeMs >= healthyAfterMs ? 1 : this.#failures + 1;
    if (this.#failures > maxFailures) return { action: 'give-up' };
    if (this.#failures === 1) return { action: 'restart', delayMs: 0 };
    const delayMs = Math.min(maxDelayMs, baseDelayMs * 2 ** (this.#failures - 2));
    // Half is fixed and half is random: workers that failed together do not restart together.
    return { action: 'restart', delayMs: Math.round(delayMs * (0.5 + random() / 2)) };
  }
}
