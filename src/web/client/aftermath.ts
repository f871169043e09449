import type { Cluster } from './cluster.ts';
import { h, mark, say } from './dom.ts';
import { eventLine } from './event-list.ts';
import type { LiveEvent } from './shapes.ts';

const WATCH_MS = 60_000;

/** After a dangerous demo: what becomes of the worker, as the primary sees it. */
export class Aftermath {
  readonly element: HTMLElement;
  readonly #list = h('ol', { class: 'after-events' });
  readonly #who = h('span', {}, 'What the primary sees');
  readonly #state = h('span', { class: 'state' });
  readonly #since = Date.now();
  readonly #events: LiveEvent[] = [];
  readonly #end: () => void;
  #worker: number | undefined;

  constructor(cluster: Cluster) {
    const log = h('div', { role: 'log', 'aria-label': 'What becomes of the worker' }, this.#list);
    this.#state.hidden = true;
    this.element = h('section', { class: 'part aftermath' }, h('h4', {}, this.#who, ' ', this.#state), log);
    this.#end = cluster.watch((fresh, { workers }) => {
      // The clocks of the page and of the server need not agree to the second.
      this.#events.push(...fresh.filter(({ at }) => Date.parse(at) > this.#since - 1_000));
      this.#show(workers.find(({ id }) => id === this.#worker)?.state ?? 'gone');
    });
    setTimeout(this.#end, WATCH_MS);
  }

  /** Names the worker; until then, and where nobody answered, events of all are shown. */
  about(worker: number): void {
    this.#worker = worker;
    say(this.#who, `What becomes of worker ${worker}`);
    this.#list.replaceChildren();
    this.#show('ready');
  }

  end(): void {
    this.#end();
  }

  #show(state: string): void {
    if (this.#worker !== undefined) {
      this.#state.hidden = false;
      mark(this.#state, 'state', state);
      say(this.#state, state);
    }
    const own = this.#events.filter((event) => this.#concerns(event));
    this.#list.append(...own.slice(this.#list.childElementCount).map(eventLine));
  }

  /** What is about the worker, or about its place after it. */
  #concerns(event: LiveEvent): boolean {
    if (this.#worker === undefined || event['worker'] === this.#worker) return true;
    const place = this.#events.find((one) => one['worker'] === this.#worker)?.['slot'];
    return place !== undefined && event['slot'] === place;
  }
}
