import type { SupervisionEvent } from '../../../supervision/supervision.ts';
import type { LiveView } from '../../page-data.ts';
import { byId, h, setData, setText } from '../dom/elements.ts';
import { clockTime, digits, duration, plural } from '../dom/format.ts';
import { EventList } from './event-list.ts';
import { describeForRow, eventKey } from './event-text.ts';
import type { ConnectionState } from './live-feed.ts';
import { Slot } from './slot.ts';
import { WorkerCard, type Scales } from './worker-card.ts';
import { WorkerRow } from './worker-row.ts';

type Listener = (newEvents: readonly SupervisionEvent[]) => void;

interface Worker {
  readonly slot: Slot;
  readonly row: WorkerRow;
  readonly card: WorkerCard;
  /** A short form in the header, for screens on which the strip does not stay in view. */
  readonly badge: HTMLElement;
}

/** How long a row shows the last event of its slot. */
const RECENT_MS = 60_000;
/** A strip that takes more of the height does not stay in view. */
const MAX_STICKY_SHARE = 0.3;

const connectionTexts: Readonly<Record<ConnectionState, string>> = {
  connecting: 'connecting',
  live: 'live',
  'no-primary': 'primary not responding',
  disconnected: 'disconnected, retrying',
};

/** The cluster as the primary sees it: a strip with a row per worker, and charts and events on demand. */
export class ClusterPanel {
  readonly #section = byId('cluster');
  readonly #rows = byId('workers');
  readonly #details = byId('cluster-details');
  readonly #toggle = byId('cluster-toggle');
  readonly #cards = byId('cards');
  readonly #badges = byId('badges');
  readonly #primary = byId('primary');
  readonly #connection = byId('connection');
  readonly #connectionText = h('span', connectionTexts.connecting);
  /** Hidden from screen readers: it changes every second. */
  readonly #disconnectedFor = h('span', { 'aria-hidden': 'true' });
  readonly #list = new EventList(byId('events'));
  readonly #knownEvents = new Set<string>();
  readonly #lastEvents = new Map<number, SupervisionEvent>();
  readonly #listeners = new Set<Listener>();
  /** In the order of their slots. */
  #workers: readonly Worker[] = [];
  #view: LiveView | undefined;
  /** When the last view arrived, on the page's clock. */
  #viewedAt = 0;

  constructor() {
    this.#connection.replaceChildren(this.#connectionText, this.#disconnectedFor);
    this.#toggle.addEventListener('click', () => {
      this.#details.hidden = !this.#details.hidden;
      this.#toggle.setAttribute('aria-expanded', String(!this.#details.hidden));
      this.#drawWorkers();
    });
    new ResizeObserver(() => this.#measure()).observe(this.#section);
  }

  /** Whether a primary supervises the workers, as far as it is known. */
  get clustered(): boolean {
    return this.#view?.workers.some(({ id }) => id !== 0) !== false;
  }

  /**
   * @param listener gets the events from now on
   * @returns a function that removes the listener
   */
  listen(listener: Listener): () => void {
    // By the clock of the server, which may be another one than that of the page. A view is up to a second old.
    const since = Date.now() + (this.#view === undefined ? 0 : this.#view.at - this.#viewedAt) - 1_000;
    const own: Listener = (events) => listener(events.filter(({ at }) => Date.parse(at) > since));
    this.#listeners.add(own);
    return () => this.#listeners.delete(own);
  }

  /** The state of a worker as its row shows it; "gone" if there is no such worker. */
  stateOf(id: number): string {
    return this.#workers.find(({ slot }) => slot.worker?.id === id)?.slot.state ?? 'gone';
  }

  showConnection(state: ConnectionState, sinceMs: number): void {
    setData(this.#section, 'state', state);
    setData(this.#connection, 'state', state);
    setText(this.#connectionText, connectionTexts[state]);
    setText(this.#disconnectedFor, state === 'disconnected' ? duration(sinceMs / 1000) : '');
    if (state !== 'live') this.#forget();
  }

  show(view: LiveView): void {
    this.#view = view;
    this.#viewedAt = Date.now();
    const newEvents = this.#remember(view.events);
    this.#list.add(newEvents);
    const now = performance.now();
    const bySlot = Map.groupBy(view.workers, ({ slot }) => slot);
    this.#add([...bySlot.keys()]);
    for (const { slot } of this.#workers) slot.update(bySlot.get(slot.index) ?? [], view.at, now);
    this.#drawWorkers();
    this.#describe(view);
    for (const listener of this.#listeners) listener(newEvents);
  }

  /** What was true at the last view is not known to be true any more. */
  #forget(): void {
    if (this.#view === undefined) return;
    for (const { slot } of this.#workers) slot.state = 'unknown';
    this.#drawWorkers();
    setText(this.#primary, `The state of the workers is unknown since ${clockTime(this.#viewedAt)}.`);
  }

  /** @returns the events that are new to this page: after a reconnect the server sends old ones again */
  #remember(events: readonly SupervisionEvent[]): SupervisionEvent[] {
    const newEvents = events.filter((event) => !this.#knownEvents.has(eventKey(event)));
    for (const event of newEvents) {
      this.#knownEvents.add(eventKey(event));
      if (event.slot !== undefined) this.#lastEvents.set(event.slot, event);
    }
    return newEvents;
  }

  #add(indexes: readonly number[]): void {
    const added = indexes.filter((index) => !this.#workers.some(({ slot }) => slot.index === index));
    if (added.length === 0) return;
    const create = (index: number): Worker => {
      const slot = new Slot(index);
      return { slot, row: new WorkerRow(slot), card: new WorkerCard(slot), badge: h('span') };
    };
    this.#workers = [...this.#workers, ...added.map(create)].sort(
      (one, other) => one.slot.index - other.slot.index,
    );
    this.#rows.replaceChildren(...this.#workers.map(({ row }) => row.element));
    this.#cards.replaceChildren(...this.#workers.map(({ card }) => card.element));
    this.#badges.replaceChildren(...this.#workers.map(({ badge }) => badge));
  }

  #drawWorkers(): void {
    const scales = this.#scales();
    for (const { slot, row, card, badge } of this.#workers) {
      row.draw(scales, this.#lastEvent(slot));
      if (!this.#details.hidden) card.draw(scales);
      setData(badge, 'state', slot.state);
      setText(badge, String(slot.worker?.id ?? ''));
    }
  }

  #scales(): Scales {
    const samples = this.#workers.flatMap(({ slot }) => slot.history.samples);
    const highest = (pick: (sample: (typeof samples)[number]) => number | undefined, least: number) =>
      samples.reduce((max, sample) => Math.max(max, pick(sample) ?? 0), least);
    return {
      rate: highest((sample) => sample.rate, 5),
      delayMs: highest((sample) => sample.delayMs, 20),
      heapBytes: highest((sample) => sample.heapBytes, 50_000_000) * 1.1,
    };
  }

  #describe({ primary: { pid, uptimeS } }: LiveView): void {
    const slots = this.#workers.map(({ slot }) => slot);
    const rate = slots.reduce((sum, { history }) => sum + (history.latest?.rate ?? 0), 0);
    const ready = slots.filter(({ state }) => state === 'ready').length;
    setText(
      this.#primary,
      `${ready} of ${plural(slots.length, 'worker')} ready · primary pid ${pid}, up ${duration(uptimeS)} · ${digits(Math.round(rate))}/s`,
    );
  }

  #lastEvent({ index, worker, state }: Slot): string {
    const event = this.#lastEvents.get(index);
    const now = this.#view?.at ?? 0;
    if (state === 'unknown' || event === undefined || now - Date.parse(event.at) > RECENT_MS) return '';
    return describeForRow(event, worker?.id);
  }

  /** Tells the styles how much of the height the strip takes. */
  #measure(): void {
    const { offsetHeight } = this.#section;
    const isTall = offsetHeight > innerHeight * MAX_STICKY_SHARE;
    document.documentElement.classList.toggle('tall-cluster', isTall);
    document.documentElement.style.setProperty('--strip', isTall ? '0px' : `${offsetHeight}px`);
  }
}
