import { Arrival } from './arrival.ts';
import { h, say } from './dom.ts';
import { exchange, type Outcome } from './exchange.ts';
import { ms, plain } from './format.ts';
import type { Prepared } from './request.ts';

/** Asks, and shows what arrives meanwhile. */
export type Ask = (request: Prepared, what: string) => Promise<Outcome>;

/** Where answers are seen: one run at a time, which can be ended. */
export class Stage {
  readonly element = h('div', { class: 'stage' });
  readonly status = h('p', { class: 'status muted', role: 'status' });
  readonly #onBusy: (busy: boolean) => void;
  #running: AbortController | undefined;

  constructor(onBusy: (busy: boolean) => void) {
    this.#onBusy = onBusy;
  }

  get busy(): boolean {
    return this.#running !== undefined;
  }

  /** Ends what runs: nobody looks at it any more. */
  stop(): void {
    this.#running?.abort();
  }

  show(...shown: HTMLElement[]): void {
    this.element.replaceChildren(...shown);
  }

  /** @param work asks as often as it needs and returns the outcome to tell; a later one is not asked when it is ended */
  async perform(work: (ask: Ask, signal: AbortSignal) => Promise<Outcome>): Promise<void> {
    const controller = new AbortController();
    this.#setRunning(controller);
    say(this.status, 'Running.');
    const outcome = await work(
      (request, what) => this.#ask(request, what, controller.signal),
      controller.signal,
    );
    say(this.status, describe(outcome));
    this.#setRunning(undefined);
    // On a small screen the answer is below what can be seen.
    if (this.status.getBoundingClientRect().top > innerHeight * 0.75) {
      this.status.scrollIntoView({ block: 'center' });
    }
  }

  async #ask(request: Prepared, what: string, signal: AbortSignal): Promise<Outcome> {
    const arrival = new Arrival(what);
    this.element.prepend(arrival.element);
    this.element.classList.add('busy');
    const outcome = await exchange(request, signal, arrival.onProgress);
    arrival.end();
    this.element.classList.remove('busy');
    return outcome;
  }

  #setRunning(running: AbortController | undefined): void {
    this.#running = running;
    this.#onBusy(this.busy);
    this.element.setAttribute('aria-busy', String(this.busy));
  }
}

function describe({ progress, totalMs, cancelled, failure }: Outcome): string {
  const after = plain(ms(Math.round(totalMs)));
  if (cancelled) return `Cancelled after ${after}.`;
  if (failure !== undefined) return `Failed after ${after}: ${failure}.`;
  return `${progress?.status ?? ''} after ${after}.`;
}
