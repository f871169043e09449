import { h } from './dom.ts';
import { describeEvent } from './event-words.ts';
import { clock } from './format.ts';
import type { LiveEvent } from './shapes.ts';

const SHOWN = 100;

/** One event as a line of a list. */
export function eventLine(event: LiveEvent): HTMLLIElement {
  const { tone, what, why } = describeEvent(event);
  return h(
    'li',
    { 'data-tone': tone, 'data-event': event.event },
    h('strong', {}, what),
    h('time', { datetime: event.at }, clock(event.at)),
    why === '' ? undefined : h('span', { class: 'why' }, why),
  );
}

/** The stream of supervision events, the newest first. */
export class EventList {
  readonly #list: HTMLElement;

  constructor(list: HTMLElement) {
    this.#list = list;
    list.append(h('li', { class: 'empty' }, 'Nothing has happened yet.'));
  }

  add(events: readonly LiveEvent[]): void {
    if (events.length === 0) return;
    this.#list.querySelector('.empty')?.remove();
    this.#list.prepend(...[...events].reverse().map(eventLine));
    while (this.#list.childElementCount > SHOWN) this.#list.lastElementChild?.remove();
  }
}
