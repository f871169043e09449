/** Looks whether something that this service depends on is there; throws or rejects where it is not. */
export type ReadinessCheck = (signal: AbortSignal) => unknown;

/** How long a result stands: probes may come as often as they like, what they ask for is not asked as often. */
const RESULT_LASTS_MS = 1_000;
/** What does not answer within this time is not there; shorter than a usual probe waits. */
const CHECK_TIMEOUT_MS = 1_000;

/** Whether all that this worker depends on is there. */
export class Readiness {
  readonly #checks: readonly (readonly [name: string, check: ReadinessCheck])[];
  #failing: Promise<readonly string[]> = Promise.resolve([]);
  #checkedAt = -Infinity;

  constructor(checks: Readonly<Record<string, ReadinessCheck>>) {
    this.#checks = Object.entries(checks);
  }

  /** @returns the names of the checks that fail, as of a moment ago at most */
  failing(): Promise<readonly string[]> {
    if (this.#checks.length > 0 && performance.now() - this.#checkedAt > RESULT_LASTS_MS) {
      this.#checkedAt = performance.now();
      this.#failing = this.#checkAll();
    }
    return this.#failing;
  }

  async #checkAll(): Promise<readonly string[]> {
    const passed = await Promise.all(this.#checks.map(([, check]) => passes(check)));
    return this.#checks.filter((_check, index) => passed[index] === false).map(([name]) => name);
  }
}

async function passes(check: ReadinessCheck): Promise<boolean> {
  const signal = AbortSignal.timeout(CHECK_TIMEOUT_MS);
  const timedOut = new Promise<boolean>((resolve) => {
    signal.addEventListener('abort', () => resolve(false), { once: true });
  });
  try {
    // A check that pays no heed to its signal must not keep the probe waiting.
    return await Promise.race([Promise.resolve(check(signal)).then(() => true), timedOut]);
  } catch {
    return false;
  }
}
