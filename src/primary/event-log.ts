import type { Logger } from 'pino';
import type { EventDetails, EventName, SupervisionEvent } from '../supervision/supervision.ts';

/** How many events are kept for `/workers`. */
const KEPT = 200;

/** Each event's log message and level. */
export const messages: Readonly<
  Record<EventName, readonly [level: 'info' | 'warn' | 'error' | 'fatal', message: string]>
> = {
  forked: ['info', 'worker forked'],
  ready: ['info', 'worker ready'],
  'start-failed': ['warn', 'worker could not start'],
  unresponsive: ['warn', 'worker unresponsive, killing it'],
  paused: ['warn', 'worker unresponsive with an open inspector, leaving it'],
  stopping: ['info', 'shutting down'],
  recycling: ['info', 'recycling worker'],
  crashed: ['warn', 'worker crashed'],
  ended: ['info', 'worker exited'],
  replaced: ['info', 'worker replaced'],
  'restart-delayed': ['warn', 'worker restart delayed'],
  'reload-started': ['info', 'reload started'],
  'reload-finished': ['info', 'reload finished'],
  'reload-failed': ['warn', 'reload failed'],
  'gave-up': ['fatal', 'giving up'],
  'primary-failed': ['error', 'error in the primary, shutting down'],
};

/** The latest supervision events; each is also a log line. */
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

  /** @param quiet logs at debug level: one line sums up the first start */
  record(event: EventName, details: EventDetails, quiet = false): void {
    const entry = { at: new Date().toISOString(), event, ...details };
    this.#latest.push(entry);
    if (this.#latest.length > KEPT) this.#latest.shift();
    const [level, message] = messages[event];
    const text = details.reason === undefined ? message : `${message}: ${details.reason}`;
    this.#log[quiet ? 'debug' : level]({ event, ...details }, text);
    for (const listener of this.#listeners) listener(entry);
  }
}
