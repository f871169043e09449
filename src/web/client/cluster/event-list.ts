import type { SupervisionEvent } from '../../../supervision/supervision.ts';
import { h } from '../dom/elements.ts';
import { clockTime } from '../dom/format.ts';
import { describeEvent } from './event-text.ts';

const MAX_ITEMS = 100;

/** An event as an item of a list. */
export function eventItem(event: SupervisionEvent): HTMLLIElement {
  const { tone, what, details } = describeEvent(event);
  return h(
    'li',
    { 'data-tone': tone, 'data-event': event.event },
    h('strong', what),
    h('time', { datetime: event.at }, clockTime(event.at)),
    details === '' ? undefined : h('span.details', details),
  );
}

/** The supervision events, the newest first. */
export class EventList {
  readonly #list: HTMLElement;

  constructor(list: HTMLElement) {
    this.#list = list;
    list.append(h('li.empty', 'No events yet.'));
  }

  add(events: readonly SupervisionEvent[]): void {
    if (events.length === 0) return;
    this.#list.querySelector('.empty')?.remove();
    this.#list.prepend(...[...events].reverse().map(eventItem));
    while (this.#list.childElementCount > MAX_ITEMS) this.#list.lastElementChild?.remove();
  }
}
