/** Checks one dependency of the service; throws or rejects if it is unavailable. */
export type ReadinessCheck = (signal: AbortSignal) => unknown;

/** How long a result is cached: frequent probes must not load what they check. */
const RESULT_TTL_MS = 400;
/**
 * A check that takes longer has failed; shorter than the timeout of a usual probe. Heartbeats start the checks and carry
 * their results: with their interval it bounds how late the management port shows a failure.
 */
const CHECK_TIMEOUT_MS = 750;

/** Whether everything that this worker depends on is available. */
export class Readiness {
  readonly #checks: readonly (readonly [name: string, check: ReadinessCheck])[];
  #failing: Promise<readonly string[]> = Promise.resolve([]);
  #latest: readonly string[] = [];
  #checkedAt = -Infinity;
  #checking = false;

  constructor(parts: readonly { readonly checks?: Readonly<Record<string, ReadinessCheck>> }[]) {
    this.#checks = parts.flatMap(({ checks = {} }) => Object.entries(checks));
  }

  /** @returns the names of the failing checks, as they were less than half a second ago */
  failing(): Promise<readonly string[]> {
    const due = performance.now() - this.#checkedAt > RESULT_TTL_MS;
    if (this.#checks.length > 0 && due && !this.#checking) {
      this.#checkedAt = performance.now();
      this.#failing = this.#checkAll();
    }
    return this.#failing;
  }

  /** The result of the last check, and starts the next one if it is due. */
  latest(): string[] {
    void this.failing();
    return [...this.#latest];
  }

  async #checkAll(): Promise<readonly string[]> {
    this.#checking = true;
    const passed = await Promise.all(this.#checks.map(([, check]) => passes(check)));
    this.#checking = false;
    this.#latest = this.#checks.filter((_check, index) => passed[index] === false).map(([name]) => name);
    return this.#latest;
  }
}

async function passes(check: ReadinessCheck): Promise<boolean> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  const timedOut = new Promise<boolean>((resolve) => {
    signal.addEventListener('abort', () => resolve(false), { once: true });
  });
  try {
    // A check that ignores its signal must not delay the probe.
    return await Promise.race([Promise.resolve(check(signal)).then(() => true), timedOut]);
  } catch {
    return false;
  }
}
