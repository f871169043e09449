import { copyButton } from './copy-button.ts';
import { h } from './elements.ts';
import { digits } from './format.ts';

const MAX_CHARACTERS = 20_000;
const MAX_SOURCE_CHARACTERS = 200_000;

/** The beginning of a text. */
export function textBlock(text: string): HTMLElement {
  const more = text.length - MAX_CHARACTERS;
  const shown = more > 0 ? `${text.slice(0, MAX_CHARACTERS)}\n… and ${digits(more)} more characters` : text;
  return h('pre.text', { tabindex: 0, role: 'group', 'aria-label': 'The response as text' }, shown);
}

/** A collapsed text with a copy button. The text is added when it is expanded. */
export function collapsedText(text: string, title: string): HTMLElement {
  const pre = h('pre.text', { tabindex: 0, role: 'group', 'aria-label': title });
  const toggle = () => {
    if (pre.textContent === '') pre.textContent = text.slice(0, MAX_SOURCE_CHARACTERS);
  };
  const copy = copyButton(() => text, `Copy: ${title}`);
  return h('details.collapsed', { toggle }, h('summary', title), h('div.with-copy', copy, pre));
}
