import type { SupervisionEvent } from '../../../supervision/supervision.ts';
import { h, setData, setText } from '../dom/elements.ts';
import type { ClusterPanel } from './cluster-panel.ts';
import { eventItem } from './event-list.ts';

const WATCH_MS = 60_000;

/** What happened to a worker after a dangerous demo, as the primary sees it. */
export class WorkerOutcome {
  readonly element: HTMLElement;
  /** Stops watching the cluster. */
  readonly stop: () => void;
  readonly #list = h('ol.outcome-events');
  readonly #title = h('span', 'What happened to the workers');
  readonly #state = h('span.state');
  readonly #startedAt = Date.now();
  readonly #events: SupervisionEvent[] = [];
  #worker: number | undefined;

  constructor(cluster: ClusterPanel) {
    const log = h('div', { role: 'log', 'aria-label': 'What happened to the worker' }, this.#list);
    this.#state.hidden = true;
    this.element = h('section.part.worker-outcome', h('h4', this.#title, ' ', this.#state), log);
    this.stop = cluster.listen((newEvents, { workers }) => {
      // The clocks of the page and the server may differ by up to a second.
      this.#events.push(...newEvents.filter(({ at }) => Date.parse(at) > this.#startedAt - 1_000));
      this.#show(workers.find(({ id }) => id === this.#worker)?.state ?? 'gone');
    });
    setTimeout(this.stop, WATCH_MS);
  }

  /** Restricts the events to one worker. Until then, and if no worker responded, those of all workers are shown. */
  setWorker(worker: number): void {
    this.#worker = worker;
    setText(this.#title, `What happened to worker ${worker}`);
    this.#list.replaceChildren();
    this.#show('ready');
  }

  #show(state: string): void {
    if (this.#worker !== undefined) {
      this.#state.hidden = false;
      setData(this.#state, 'state', state);
      setText(this.#state, state);
    }
    const own = this.#events.filter((event) => this.#concerns(event));
    this.#list.append(...own.slice(this.#list.childElementCount).map(eventItem));
  }

  /** Whether an event is about the worker or, afterwards, about its slot. */
  #concerns(event: SupervisionEvent): boolean {
    if (this.#worker === undefined || event['worker'] === this.#worker) return true;
    const slot = this.#events.find((one) => one['worker'] === this.#worker)?.['slot'];
    return slot !== undefined && event['slot'] === slot;
  }
}
