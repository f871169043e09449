import type { Logger } from '../process/logger.ts';

/** What happens to workers, in the words of the log, of `/workers` and of `/metrics`. */
export type EventName =
  | 'forked'
  | 'ready'
  | 'start-failed'
  | 'unresponsive'
  | 'stopping'
  | 'recycling'
  | 'crashed'
  | 'ended'
  | 'replaced'
  | 'restart-delayed'
  | 'reload-started'
  | 'reload-finished'
  | 'reload-failed'
  | 'gave-up';

export interface SupervisionEvent {
  readonly at: string;
  readonly event: EventName;
  readonly [detail: string]: unknown;
}

const KEPT = 200;
const warnings = new Set<EventName>([
  'start-failed',
  'unresponsive',
  'crashed',
  'restart-delayed',
  'reload-failed',
  'gave-up',
]);

/** The latest supervision events, each also a line of the log. */
export class EventLog {
  readonly #log: Logger;
  readonly #latest: SupervisionEvent[] = [];
  readonly #listeners = new Set<(event: SupervisionEvent) => void>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Oldest first. */
  get latest(): readonly SupervisionEvent[] {
    return this.#latest;
  }

  /** @returns a function that ends the subscription */
  subscribe(listener: (event: SupervisionEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** @param quiet logs it at the debug level: what the first start does is summed up in one line */
  record(event: EventName, details: Readonly<Record<string, unknown>>, quiet = false): void {
    const entry = { at: new Date().toISOString(), event, ...details };
    this.#latest.push(entry);
    if (this.#latest.length > KEPT) this.#latest.shift();
    const level = quiet ? 'debug' : warnings.has(event) ? 'warn' : 'info';
    // `pid` in a log line is the process that wrote it.
    const { pid: workerPid, ...rest } = details;
    this.#log[level](
      { ...rest, ...(workerPid === undefined ? {} : { workerPid }), event },
      `worker ${event}`,
    );
    for (const listener of this.#listeners) listener(entry);
  }
}
