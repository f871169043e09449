import { byId, h, mark, say } from './dom.ts';
import { EventList } from './event-list.ts';
import { describeOnCard, eventKey } from './event-words.ts';
import { age, digits } from './format.ts';
import type { LinkState } from './live-feed.ts';
import type { LiveEvent, LiveView } from './shapes.ts';
import { WorkerView } from './worker-view.ts';

type Watcher = (fresh: readonly LiveEvent[], view: LiveView) => void;

/** How long an event stays in the foot of the card it is about. */
const RECENT_MS = 60_000;

/** The cluster as the primary sees it: cards, events, and the small pulse in the bar. */
export class Cluster {
  readonly #section = byId('cluster');
  readonly #workers = byId('workers');
  readonly #pulse = byId('pulse');
  readonly #primary = byId('primary');
  readonly #link = byId('link');
  readonly #linkWords = h('span', {}, 'connecting');
  /** It counts, and a screen reader is to be told once. */
  readonly #linkSince = h('span', { 'aria-hidden': 'true' });
  readonly #list = new EventList(byId('events'));
  readonly #views = new Map<number, WorkerView>();
  readonly #latest = new Map<number, LiveEvent>();
  readonly #known = new Set<string>();
  readonly #watchers = new Set<Watcher>();

  constructor() {
    this.#link.replaceChildren(this.#linkWords, this.#linkSince);
  }

  /** @returns a function that ends it */
  watch(watcher: Watcher): () => void {
    this.#watchers.add(watcher);
    return () => this.#watchers.delete(watcher);
  }

  showLink(state: LinkState, sinceMs: number): void {
    mark(this.#section, 'state', state);
    mark(this.#link, 'state', state);
    const words = {
      connecting: 'connecting',
      live: 'live',
      silent: 'the primary is silent',
      cut: 'cut off, trying again',
    };
    say(this.#linkWords, words[state]);
    say(this.#linkSince, state === 'cut' ? age(sinceMs / 1000) : '');
  }

  show(view: LiveView): void {
    const fresh = this.#remember(view.events);
    this.#list.add(fresh);
    const now = performance.now();
    const slots = Map.groupBy(view.workers, ({ slot }) => slot);
    for (const slot of slots.keys()) if (!this.#views.has(slot)) this.#addPlace(slot);
    for (const [slot, place] of this.#views) place.update(slots.get(slot) ?? [], view, now);
    this.#draw(view);
    for (const watcher of this.#watchers) watcher(fresh, view);
  }

  #remember(events: readonly LiveEvent[]): LiveEvent[] {
    const fresh = events.filter((event) => !this.#known.has(eventKey(event)));
    for (const event of fresh) {
      this.#known.add(eventKey(event));
      const slot = event['slot'];
      if (typeof slot === 'number') this.#latest.set(slot, event);
    }
    return fresh;
  }

  #addPlace(slot: number): void {
    if (this.#views.size === 0) this.#workers.replaceChildren();
    this.#views.set(slot, new WorkerView(slot));
    const ordered = [...this.#views.values()].sort((one, other) => one.slot - other.slot);
    this.#workers.replaceChildren(...ordered.map(({ element }) => element));
    this.#pulse.replaceChildren(...ordered.map(() => h('span')));
  }

  #draw(view: LiveView): void {
    const samples = [...this.#views.values()].flatMap(({ history }) => history.samples);
    const top = (pick: (sample: (typeof samples)[number]) => number | undefined, least: number) =>
      samples.reduce((max, sample) => Math.max(max, pick(sample) ?? 0), least);
    const scales = {
      rate: top((sample) => sample.rate, 5),
      delayMs: top((sample) => sample.delayMs, 20),
      heapBytes: top((sample) => sample.heapBytes, 50_000_000) * 1.1,
    };
    const ordered = [...this.#views.values()].sort((one, other) => one.slot - other.slot);
    ordered.forEach((place, index) => {
      place.draw(scales, this.#recent(place, view.at));
      const dot = this.#pulse.children[index] as HTMLElement;
      mark(dot, 'state', place.state);
      say(dot, String(place.worker?.id ?? ''));
    });
    const rate = ordered.reduce((sum, { history }) => sum + (history.latest?.rate ?? 0), 0);
    const ready = ordered.filter(({ state }) => state === 'ready').length;
    say(
      this.#primary,
      `${ready} of ${ordered.length} ready under primary ${view.primary.pid}, up ${age(view.primary.uptimeS)} · ${digits(Math.round(rate))} requests a second`,
    );
  }

  #recent({ slot, worker }: WorkerView, now: number): string {
    const event = this.#latest.get(slot);
    if (event === undefined || now - Date.parse(event.at) > RECENT_MS) return '';
    return describeOnCard(event, worker?.id);
  }
}
