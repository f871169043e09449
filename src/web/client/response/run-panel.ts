import { h, setText } from '../dom/elements.ts';
import { ms, toText } from '../dom/format.ts';
import type { Prepared } from '../request/prepared-request.ts';
import { sendRequest, type Outcome } from '../request/send-request.ts';
import { ResponseProgress } from './response-progress.ts';

/** Sends a request and shows its progress under a caption. */
type Send = (request: Prepared, caption: string) => Promise<Outcome>;

/** Shows the status, progress and response of one run at a time, which can be canceled. */
export class RunPanel {
  readonly element = h('div.run-panel', h('p.empty.muted', 'Press Run: the response appears here.'));
  readonly status = h('p.status.muted', { role: 'status' });
  readonly #onBusy: (busy: boolean) => void;
  #running: AbortController | undefined;

  constructor(onBusy: (busy: boolean) => void) {
    this.#onBusy = onBusy;
  }

  get busy(): boolean {
    return this.#running !== undefined;
  }

  stop(): void {
    this.#running?.abort();
  }

  show(response: HTMLElement): void {
    this.element.replaceChildren(response);
  }

  /** @param work sends one or more requests and returns the outcome to report; it checks the signal between requests */
  async run(work: (send: Send, signal: AbortSignal) => Promise<Outcome>): Promise<void> {
    const controller = new AbortController();
    const { signal } = controller;
    this.#setRunning(controller);
    setText(this.status, 'Running.');
    this.#scrollIntoView();
    const outcome = await work((request, caption) => this.#send(request, caption, signal), signal);
    setText(this.status, describe(outcome));
    this.#setRunning(undefined);
  }

  /** When a run starts, not when it ends: a stream is to be watched while it arrives. */
  #scrollIntoView(): void {
    const { top } = this.status.getBoundingClientRect();
    if (top < 0 || top > innerHeight * 0.6) this.status.scrollIntoView({ block: 'start' });
  }

  async #send(request: Prepared, caption: string, signal: AbortSignal): Promise<Outcome> {
    const progress = new ResponseProgress(caption);
    this.element.prepend(progress.element);
    this.element.classList.add('busy');
    const outcome = await sendRequest(request, signal, progress.update);
    progress.end();
    this.element.classList.remove('busy');
    return outcome;
  }

  #setRunning(running: AbortController | undefined): void {
    this.#running = running;
    this.#onBusy(this.busy);
    this.element.setAttribute('aria-busy', String(this.busy));
  }
}

function describe({ progress, totalMs, canceled, failure }: Outcome): string {
  const after = toText(ms(Math.round(totalMs)));
  if (canceled) return `Canceled after ${after}.`;
  if (failure !== undefined) return `Failed after ${after}: ${failure}.`;
  if (progress?.isRedirect) return `Redirect, not followed, after ${after}.`;
  return `${progress?.status ?? ''} after ${after}.`;
}
