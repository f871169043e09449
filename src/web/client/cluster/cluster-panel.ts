import type { SupervisionEvent } from '../../../supervision/supervision.ts';
import type { LiveView } from '../../page-data.ts';
import { byId, h, setData, setText } from '../dom/elements.ts';
import { digits, duration } from '../dom/format.ts';
import { EventList } from './event-list.ts';
import { describeForCard, eventKey } from './event-text.ts';
import type { ConnectionState } from './live-feed.ts';
import { WorkerCard } from './worker-card.ts';

type Listener = (newEvents: readonly SupervisionEvent[], view: LiveView) => void;

/** How long a card shows the last event of its slot. */
const RECENT_MS = 60_000;

const connectionTexts: Readonly<Record<ConnectionState, string>> = {
  connecting: 'connecting',
  live: 'live',
  'no-primary': 'primary not responding',
  disconnected: 'disconnected, retrying',
};

/** The cluster as the primary sees it: cards, events, and a badge per worker in the header. */
export class ClusterPanel {
  readonly #section = byId('cluster');
  readonly #workers = byId('workers');
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
  #cards: readonly WorkerCard[] = [];

  constructor() {
    this.#connection.replaceChildren(this.#connectionText, this.#disconnectedFor);
  }

  /** @returns a function that removes the listener */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  showConnection(state: ConnectionState, sinceMs: number): void {
    setData(this.#section, 'state', state);
    setData(this.#connection, 'state', state);
    setText(this.#connectionText, connectionTexts[state]);
    setText(this.#disconnectedFor, state === 'disconnected' ? duration(sinceMs / 1000) : '');
  }

  show(view: LiveView): void {
    const newEvents = this.#remember(view.events);
    this.#list.add(newEvents);
    const now = performance.now();
    const slots = Map.groupBy(view.workers, ({ slot }) => slot);
    this.#addCards([...slots.keys()]);
    for (const card of this.#cards) card.update(slots.get(card.slot) ?? [], view, now);
    this.#draw(view);
    for (const listener of this.#listeners) listener(newEvents, view);
  }

  /** @returns the events that are new to this page: after a reconnect the server sends old ones again */
  #remember(events: readonly SupervisionEvent[]): SupervisionEvent[] {
    const newEvents = events.filter((event) => !this.#knownEvents.has(eventKey(event)));
    for (const event of newEvents) {
      this.#knownEvents.add(eventKey(event));
      const slot = event['slot'];
      if (typeof slot === 'number') this.#lastEvents.set(slot, event);
    }
    return newEvents;
  }

  #addCards(slots: readonly number[]): void {
    const added = slots.filter((slot) => !this.#cards.some((card) => card.slot === slot));
    if (added.length === 0) return;
    this.#cards = [...this.#cards, ...added.map((slot) => new WorkerCard(slot))].sort(
      (one, other) => one.slot - other.slot,
    );
    this.#workers.replaceChildren(...this.#cards.map(({ element }) => element));
    this.#badges.replaceChildren(...this.#cards.map(() => h('span')));
  }

  #draw(view: LiveView): void {
    const samples = this.#cards.flatMap(({ history }) => history.samples);
    const highest = (pick: (sample: (typeof samples)[number]) => number | undefined, least: number) =>
      samples.reduce((max, sample) => Math.max(max, pick(sample) ?? 0), least);
    const scales = {
      rate: highest((sample) => sample.rate, 5),
      delayMs: highest((sample) => sample.delayMs, 20),
      heapBytes: highest((sample) => sample.heapBytes, 50_000_000) * 1.1,
    };
    this.#cards.forEach((card, index) => {
      card.draw(scales, this.#lastEvent(card, view.at));
      const badge = this.#badges.children[index] as HTMLElement;
      setData(badge, 'state', card.state);
      setText(badge, String(card.worker?.id ?? ''));
    });
    const rate = this.#cards.reduce((sum, { history }) => sum + (history.latest?.rate ?? 0), 0);
    const ready = this.#cards.filter(({ state }) => state === 'ready').length;
    const { pid, uptimeS } = view.primary;
    setText(
      this.#primary,
      `${ready} of ${this.#cards.length} workers ready · primary pid ${pid}, up ${duration(uptimeS)} · ${digits(Math.round(rate))} requests per second`,
    );
  }

  #lastEvent({ slot, worker }: WorkerCard, now: number): string {
    const event = this.#lastEvents.get(slot);
    if (event === undefined || now - Date.parse(event.at) > RECENT_MS) return '';
    return describeForCard(event, worker?.id);
  }
}
