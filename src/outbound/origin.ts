import {
  BrokenCircuitError,
  circuitBreaker,
  CircuitState,
  CountBreaker,
  handleWhen,
  type CircuitBreakerPolicy,
} from 'cockatiel';
import { OutboundError } from './errors.ts';

/** How calls to one origin are limited. */
export interface OriginLimits {
  /** Calls at once, those that wait for a connection included. */
  readonly maxInFlight: number;
  /** Retries as a share of all calls. */
  readonly retryShare: number;
  /** Retries that may follow each other before that share counts. */
  readonly retryReserve: number;
  /** The circuit opens when more than half of the last calls failed, and as many as this were made. */
  readonly breakerCalls: number;
  /** How long it stays open before one call may try again (ms). */
  readonly openMs: number;
}

interface Received {
  readonly status: number;
}

/** What is known about one origin: whether it works, and how many retries it can take. */
export class Origin {
  readonly #limits: OriginLimits;
  readonly #breaker: CircuitBreakerPolicy;
  #inFlight = 0;
  #retries: number;

  constructor(limits: OriginLimits, onStateChange: (state: 'open' | 'closed') => void) {
    this.#limits = limits;
    this.#retries = limits.retryReserve;
    const failed = handleWhen((error) => this.#isFailure(error)).orWhenResult((result) => {
      return (result as Received).status >= 500;
    });
    this.#breaker = circuitBreaker(failed, {
      halfOpenAfter: limits.openMs,
      breaker: new CountBreaker({ threshold: 0.5, size: limits.breakerCalls }),
    });
    this.#breaker.onBreak(() => onStateChange('open'));
    this.#breaker.onReset(() => onStateChange('closed'));
  }

  get isOpen(): boolean {
    return this.#breaker.state !== CircuitState.Closed;
  }

  /**
   * Runs one attempt.
   *
   * @throws {OutboundError} `busy` or `circuit-open`, without running it; or what it throws
   */
  async run<T extends Received>(attempt: () => Promise<T>): Promise<T> {
    if (this.#inFlight >= this.#limits.maxInFlight) throw new OutboundError('busy');
    // Others would wait for the one call that tries whether it works again, however long that takes.
    if (this.#breaker.state === CircuitState.HalfOpen) throw new OutboundError('circuit-open');
    this.#inFlight += 1;
    try {
      return await this.#breaker.execute(attempt);
    } catch (error) {
      throw error instanceof BrokenCircuitError ? new OutboundError('circuit-open') : error;
    } finally {
      this.#inFlight -= 1;
    }
  }

  /** Each call adds its share to the budget of retries. */
  countCall(): void {
    this.#retries = Math.min(this.#limits.retryReserve, this.#retries + this.#limits.retryShare);
  }

  /** @returns whether the budget has a retry; then it is taken */
  takeRetry(): boolean {
    if (this.#retries < 1) return false;
    this.#retries -= 1;
    return true;
  }

  /** A response that is not accepted came from a service that works. */
  #isFailure(error: unknown): boolean {
    // The call that tries whether the origin works again must show it: one that the caller aborts does not.
    if (this.#breaker.state === CircuitState.HalfOpen) return true;
    return error instanceof OutboundError && (error.kind === 'connection' || error.kind === 'timeout');
  }
}
