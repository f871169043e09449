import type { LiveView } from './shapes.ts';

export type LinkState = 'connecting' | 'live' | 'cut' | 'silent';

/** The primary speaks every second: after this long the worker in between is blocked or gone. */
const DEAF_AFTER_MS = 2_400;
/** A new connection gets its first moment at once; one that was kept alive may lead to the blocked worker again. */
const MUTE_AFTER_MS = 1_500;
const LOOK_EVERY_MS = 300;
const RETRY_MS = 700;

/**
 * The stream of moments from `/live`.
 *
 * A blocked worker leaves its connections open and says nothing, which no browser takes for an error. So a stream that
 * is silent is given up, and a new connection goes to a worker that accepts.
 */
export class LiveFeed {
  readonly #onView: (view: LiveView) => void;
  readonly #onState: (state: LinkState, sinceMs: number) => void;
  #source: EventSource | undefined;
  #openedAt = 0;
  #heardAt = performance.now();
  #state: LinkState = 'connecting';

  constructor(onView: (view: LiveView) => void, onState: (state: LinkState, sinceMs: number) => void) {
    this.#onView = onView;
    this.#onState = onState;
  }

  start(): void {
    this.#open();
    setInterval(() => this.#look(), LOOK_EVERY_MS);
  }

  #open(): void {
    this.#source?.close();
    this.#openedAt = performance.now();
    const source = new EventSource('/live');
    this.#source = source;
    source.addEventListener('view', (event: MessageEvent<string>) => {
      this.#hear('live');
      this.#onView(JSON.parse(event.data) as LiveView);
    });
    source.addEventListener('silent', () => this.#hear('silent'));
    source.addEventListener('bye', () => this.#open());
    source.addEventListener('error', () => {
      // The browser tries again by itself, unless the answer was no stream at all.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#reopen(source), RETRY_MS);
    });
  }

  #reopen(source: EventSource): void {
    if (this.#source === source) this.#open();
  }

  #hear(state: LinkState): void {
    this.#heardAt = performance.now();
    this.#tell(state);
  }

  #look(): void {
    const now = performance.now();
    if (now - this.#heardAt > DEAF_AFTER_MS) this.#tell('cut');
    const patience = this.#heardAt > this.#openedAt ? DEAF_AFTER_MS : MUTE_AFTER_MS;
    if (now - Math.max(this.#openedAt, this.#heardAt) > patience) this.#open();
  }

  #tell(state: LinkState): void {
    if (state === this.#state && state !== 'cut') return;
    this.#state = state;
    this.#onState(state, performance.now() - this.#heardAt);
  }
}
