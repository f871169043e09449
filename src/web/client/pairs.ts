import { h } from './dom.ts';

/** Names and values in a row; those without a value are left out. */
export function showPairs(entries: readonly (readonly [string, string | Node | undefined])[]): HTMLElement {
  const pairs = entries
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)));
  return h('dl', { class: 'pairs' }, ...pairs);
}
