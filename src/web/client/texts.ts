import { copyButton } from './copy.ts';
import { h } from './dom.ts';
import { digits } from './format.ts';

const SHOWN_CHARACTERS = 20_000;
const MAX_SOURCE_CHARACTERS = 200_000;

/** The beginning of a text. */
export function showText(text: string): HTMLElement {
  const cut = text.length > SHOWN_CHARACTERS;
  const shown = cut
    ? `${text.slice(0, SHOWN_CHARACTERS)}\n… and ${digits(text.length - SHOWN_CHARACTERS)} characters more`
    : text;
  return h('pre', { class: 'text', tabindex: 0, role: 'group', 'aria-label': 'The answer as text' }, shown);
}

/** A text as it was sent, to open and to copy. It is laid out when it is opened. */
export function showSource(text: string, title: string): HTMLElement {
  const pre = h('pre', { class: 'text', tabindex: 0, role: 'group', 'aria-label': title });
  const toggle = () => {
    if (pre.textContent === '') pre.textContent = text.slice(0, MAX_SOURCE_CHARACTERS);
  };
  const copy = copyButton(() => text, `Copy: ${title}`);
  return h(
    'details',
    { class: 'source', toggle },
    h('summary', {}, title),
    h('div', { class: 'boxed' }, copy, pre),
  );
}
