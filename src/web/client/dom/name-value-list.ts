import { h } from './elements.ts';

/** Names and values in a row, without those that have no value. */
export function nameValueList(
  entries: readonly (readonly [string, string | Node | undefined])[],
): HTMLElement {
  const items = entries
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => h('div', h('dt', name), h('dd', value)));
  return h('dl.name-values', ...items);
}
