import { shortPath, type Catalogue, type Entry } from './catalogue.ts';
import { h, say } from './dom.ts';

/** Where there is room the list stands beside the demo; elsewhere it opens above it. */
const wide = matchMedia('(min-width: 900px)');

/** The list of all demos in their groups, and the search in it. */
export class Finder {
  readonly #catalogue: Catalogue;
  readonly #links = new Map<string, HTMLAnchorElement>();
  readonly #groups: { readonly element: HTMLDetailsElement; readonly entries: readonly Entry[] }[];
  readonly #found = h('p', { class: 'found muted', role: 'status' });
  readonly #input: HTMLInputElement;
  readonly #list: HTMLElement;
  readonly #all: HTMLDetailsElement;

  constructor(element: HTMLElement, catalogue: Catalogue) {
    this.#catalogue = catalogue;
    this.#input = h('input', {
      type: 'search',
      id: 'search',
      placeholder: 'Find a demo',
      autocomplete: 'off',
      'aria-label': 'Find a demo',
      'aria-keyshortcuts': '/',
      input: () => this.#search(),
      keydown: (event) => this.#onKey(event as KeyboardEvent),
    });
    const groups = Map.groupBy(catalogue.entries, ({ demo }) => demo);
    this.#groups = [...groups].map(([demo, entries]) => {
      const items = entries.map((entry) => h('li', {}, this.#makeLink(entry)));
      const head = h('summary', {}, h('span', {}, demo.title), h('small', {}, entries.length));
      return { element: h('details', { name: '' }, head, h('ul', {}, ...items)), entries };
    });
    this.#list = h('div', { class: 'groups' }, ...this.#groups.map((group) => group.element));
    const all = `All ${catalogue.entries.length} routes`;
    this.#all = h(
      'details',
      { class: 'all', keydown: (event) => this.#onKey(event as KeyboardEvent) },
      h('summary', { class: 'button' }, all),
      this.#list,
    );
    this.#all.open = wide.matches;
    wide.addEventListener('change', () => (this.#all.open = wide.matches));
    element.append(
      h('div', { class: 'search' }, this.#input, h('kbd', { 'aria-hidden': 'true' }, '/')),
      this.#found,
      this.#all,
    );
    document.addEventListener('keydown', (event) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      this.#input.focus();
      this.#input.select();
    });
  }

  /** Marks the entry that is shown. */
  select(entry: Entry): void {
    for (const [key, link] of this.#links) {
      if (key === entry.key) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    for (const { element, entries } of this.#groups) {
      if (entries.includes(entry)) element.open = true;
      else if (this.#input.value === '') element.open = false;
    }
    this.#all.open = wide.matches;
    const link = this.#links.get(entry.key);
    const list = this.#list;
    if (link === undefined || list.scrollHeight <= list.clientHeight) return;
    // Only this list is scrolled, never the page.
    const top = link.getBoundingClientRect().top - list.getBoundingClientRect().top;
    if (top < 0 || top > list.clientHeight - 60) list.scrollTop += top - list.clientHeight / 3;
  }

  #makeLink(entry: Entry): HTMLAnchorElement {
    const { route } = entry;
    const link = h(
      'a',
      { href: `#${entry.key}` },
      h(
        'span',
        { class: 'path' },
        route.method === 'GET' ? undefined : h('b', { class: 'method' }, route.method),
        shortPath(entry),
        route.danger
          ? h('span', { class: 'warning' }, '▲', h('span', { class: 'hidden-text' }, ' dangerous'))
          : undefined,
      ),
      h('span', { class: 'about' }, route.summary),
    );
    this.#links.set(entry.key, link);
    return link;
  }

  #search(): void {
    const words = this.#input.value.trim();
    if (words !== '') this.#all.open = true;
    const found = new Set(this.#catalogue.search(words));
    for (const { element, entries } of this.#groups) {
      const here = entries.filter((entry) => found.has(entry));
      element.hidden = here.length === 0;
      element.open = words !== '' || entries.some(({ key }) => this.#isCurrent(key));
      for (const entry of entries) {
        const item = this.#links.get(entry.key)?.parentElement;
        if (item) item.hidden = !found.has(entry);
      }
    }
    say(this.#found, words === '' ? '' : found.size === 0 ? 'Nothing of that name.' : `${found.size} found`);
  }

  #isCurrent(key: string): boolean {
    return this.#links.get(key)?.getAttribute('aria-current') === 'page';
  }

  /** Arrows go through what is found; Enter in the search opens the first. */
  #onKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const shown = [...this.#links.values()].filter((link) => link.checkVisibility());
    if (event.key === 'Enter' && event.target === this.#input) shown[0]?.click();
    if (event.key === 'Escape') {
      this.#input.value = '';
      this.#search();
    }
    if (step === 0) return;
    event.preventDefault();
    const at = shown.indexOf(document.activeElement as HTMLAnchorElement);
    const next = shown[at + step];
    if (next !== undefined) next.focus();
    else if (step < 0) this.#input.focus();
  }
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
