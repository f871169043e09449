import type { SupervisionEvent } from '../../../supervision/supervision.ts';
import { h, setData, setText } from '../dom/elements.ts';
import { duration, ms, toText } from '../dom/format.ts';
import type { ClusterPanel } from './cluster-panel.ts';
import { eventItem } from './event-list.ts';

const WATCH_MS = 60_000;

/** What happened to a worker after a dangerous demo, as the primary sees it. */
export class WorkerOutcome {
  readonly element: HTMLElement;
  readonly #cluster: ClusterPanel;
  readonly #stopListening: () => void;
  readonly #timer: number;
  readonly #list = h('ol.outcome-events');
  readonly #title = h('span', 'What happened to the workers');
  readonly #state = h('span.state');
  readonly #verdict = h('p.outcome-verdict', { role: 'status' });
  readonly #events: SupervisionEvent[] = [];
  #worker: number | undefined;

  constructor(cluster: ClusterPanel) {
    this.#cluster = cluster;
    const log = h('div', { role: 'log', 'aria-label': 'What happened to the worker' }, this.#list);
    this.#state.hidden = true;
    this.element = h(
      'section.part.worker-outcome',
      h('h4', this.#title, ' ', this.#state),
      log,
      this.#verdict,
    );
    this.#stopListening = cluster.listen((newEvents) => {
      this.#events.push(...newEvents);
      this.#show();
    });
    this.#timer = window.setTimeout(() => this.#conclude(), WATCH_MS);
  }

  /** Stops watching the cluster. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#stopListening();
  }

  /** Restricts the events to one worker. Until then, and if no worker responded, those of all workers are shown. */
  setWorker(worker: number): void {
    this.#worker = worker;
    setText(this.#title, `What happened to worker ${worker}`);
    this.#list.replaceChildren();
    this.#show();
  }

  #show(): void {
    if (this.#worker !== undefined) {
      const state = this.#cluster.stateOf(this.#worker);
      this.#state.hidden = false;
      setData(this.#state, 'state', state);
      setText(this.#state, state);
    }
    const own = this.#events.filter((event) => this.#concerns(event));
    this.#list.append(...own.slice(this.#list.childElementCount).map(eventItem));
    const replaced = own.find(
      ({ event, replacedWorker }) =>
        event === 'replaced' && (this.#worker === undefined || replacedWorker === this.#worker),
    );
    if (replaced === undefined) return;
    setText(
      this.#verdict,
      `Worker ${replaced.worker} replaced worker ${replaced.replacedWorker} after ${toText(ms(Number(replaced.afterMs)))}.`,
    );
  }

  /** Without a replacement there is an end, too. */
  #conclude(): void {
    this.stop();
    if (this.#verdict.textContent !== '') return;
    const waited = duration(WATCH_MS / 1000);
    const state = this.#worker === undefined ? 'unknown' : this.#cluster.stateOf(this.#worker);
    setText(
      this.#verdict,
      state === 'unknown' || state === 'gone'
        ? `No replacement was reported within ${waited}.`
        : `Worker ${this.#worker ?? ''} was not replaced within ${waited}. Its state is ${state}.`,
    );
  }

  /** Whether an event is about the worker or, afterwards, about its slot. */
  #concerns(event: SupervisionEvent): boolean {
    if (this.#worker === undefined || event.worker === this.#worker) return true;
    const slot = this.#events.find((one) => one.worker === this.#worker)?.slot;
    return slot !== undefined && event.slot === slot;
  }
}
