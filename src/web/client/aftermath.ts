import type { Cluster } from './cluster.ts';
import { h, mark, say } from './dom.ts';
import { eventLine } from './event-list.ts';
import type { LiveEvent } from './shapes.ts';

const WATCH_MS = 45_000;

/** After a dangerous demo: what becomes of the worker, as the primary sees it. */
export class Aftermath {
  readonly element: HTMLElement;
  readonly #list = h('ol', {
    class: 'after-events',
    role: 'log',
    'aria-label': 'What becomes of the worker',
  });
  readonly #state = h('span', { class: 'state' });
  readonly #end: () => void;
  readonly #sinceMs: number;

  /** @param worker the one that answered; without an answer, events of all are shown */
  constructor(cluster: Cluster, worker: number | undefined, since: number) {
    this.#sinceMs = since;
    const who = worker === undefined ? 'What the primary sees' : `What becomes of worker ${worker}`;
    this.element = h('section', { class: 'part aftermath' }, h('h4', {}, who, ' ', this.#state), this.#list);
    let slot: number | undefined;
    this.#end = cluster.watch((fresh, view) => {
      const own = view.workers.find(({ id }) => id === worker);
      slot ??= own?.slot;
      if (worker !== undefined) {
        mark(this.#state, 'state', own?.state ?? 'gone');
        say(this.#state, own?.state ?? 'gone');
      }
      this.#add(fresh.filter((event) => worker === undefined || concerns(event, worker, slot)));
    });
    setTimeout(this.#end, WATCH_MS);
  }

  end(): void {
    this.#end();
  }

  #add(events: readonly LiveEvent[]): void {
    const since = events.filter(({ at }) => Date.parse(at) >= this.#sinceMs - 1_000);
    this.#list.append(...since.map(eventLine));
  }
}

function concerns(event: LiveEvent, worker: number, slot: number | undefined): boolean {
  return event['worker'] === worker || (slot !== undefined && event['slot'] === slot);
}
