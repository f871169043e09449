import type { LiveView } from '../../page-data.ts';

export type ConnectionState = 'connecting' | 'live' | 'disconnected' | 'no-primary';

/** The server sends an event every second: after this long the relaying worker is blocked or dead. */
const SILENCE_TIMEOUT_MS = 2_400;
/** A new connection gets its first event at once; a kept-alive one may reach the blocked worker again. */
const FIRST_EVENT_TIMEOUT_MS = 1_500;
const CHECK_INTERVAL_MS = 300;
const RETRY_MS = 700;

/**
 * The views from `/live`.
 *
 * A blocked worker keeps its connections open and sends nothing, which no browser treats as an error. So a silent stream
 * is closed, and the new connection reaches whichever worker calls accept() first.
 */
export class LiveFeed {
  readonly #onView: (view: LiveView) => void;
  readonly #onState: (state: ConnectionState, sinceMs: number) => void;
  #source: EventSource | undefined;
  #openedAt = 0;
  #lastEventAt = performance.now();
  #state: ConnectionState = 'connecting';

  constructor(onView: (view: LiveView) => void, onState: (state: ConnectionState, sinceMs: number) => void) {
    this.#onView = onView;
    this.#onState = onState;
  }

  start(): void {
    this.#open();
    setInterval(() => this.#check(), CHECK_INTERVAL_MS);
  }

  #open(): void {
    this.#source?.close();
    this.#openedAt = performance.now();
    const source = new EventSource('/live');
    this.#source = source;
    source.addEventListener('view', (event: MessageEvent<string>) => {
      this.#onEvent('live');
      this.#onView(JSON.parse(event.data) as LiveView);
    });
    source.addEventListener('silent', () => this.#onEvent('no-primary'));
    source.addEventListener('bye', () => this.#open());
    source.addEventListener('error', () => {
      // The browser retries by itself, unless the response was not an event stream.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#reopen(source), RETRY_MS);
    });
  }

  #reopen(source: EventSource): void {
    if (this.#source === source) this.#open();
  }

  #onEvent(state: ConnectionState): void {
    this.#lastEventAt = performance.now();
    this.#report(state);
  }

  #check(): void {
    const now = performance.now();
    if (now - this.#lastEventAt > SILENCE_TIMEOUT_MS) this.#report('disconnected');
    const timeoutMs = this.#lastEventAt > this.#openedAt ? SILENCE_TIMEOUT_MS : FIRST_EVENT_TIMEOUT_MS;
    if (now - Math.max(this.#openedAt, this.#lastEventAt) > timeoutMs) this.#open();
  }

  #report(state: ConnectionState): void {
    if (state === this.#state && state !== 'disconnected') return;
    this.#state = state;
    this.#onState(state, performance.now() - this.#lastEventAt);
  }
}
