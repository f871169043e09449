import { shortPath, type Catalogue, type Entry } from './catalogue.ts';
import { h, say } from './dom.ts';
import type { PageFeature } from './shapes.ts';

/** Where there is room the list stands beside the demo; elsewhere it opens above it. */
const wide = matchMedia('(min-width: 900px)');

interface Group {
  readonly kind: PageFeature['kind'];
  readonly element: HTMLDetailsElement;
  /** How many there are, or are found. */
  readonly count: Element;
  readonly entries: readonly Entry[];
}

/** The list of all demos in their groups, and the search in it. */
export class Finder {
  readonly #catalogue: Catalogue;
  readonly #links = new Map<string, HTMLAnchorElement>();
  readonly #groups: readonly Group[];
  readonly #apiHead = h('p', { class: 'kind' }, 'Beside the demos');
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
    const groups = Map.groupBy(catalogue.entries, ({ feature }) => feature);
    this.#groups = [...groups].map(([feature, entries]) => this.#makeGroup(feature, entries));
    const listed = (kind: PageFeature['kind']) =>
      this.#groups.filter((group) => group.kind === kind).map(({ element }) => element);
    this.#list = h('div', { class: 'groups' }, ...listed('demo'), this.#apiHead, ...listed('api'));
    this.#apiHead.hidden = listed('api').length === 0;
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
      // What is found comes below.
      if (this.#input.getBoundingClientRect().top > innerHeight / 3) this.#input.scrollIntoView();
    });
  }

  /** Marks the entry that is shown, if one is. */
  select(entry: Entry | undefined): void {
    for (const [key, link] of this.#links) {
      if (key === entry?.key) link.setAttribute('aria-current', 'page');
      else link.removeAttribute('aria-current');
    }
    if (entry === undefined) return;
    for (const { element, entries } of this.#groups) {
      if (entries.includes(entry)) element.open = true;
      else if (this.#input.value === '') element.open = false;
    }
    this.#all.open = wide.matches;
    const link = this.#links.get(entry.key);
    const list = this.#list;
    if (link === undefined || list.scrollHeight <= list.clientHeight) return;
    // Only this list is scrolled, never the page.
    const seen = list.getBoundingClientRect();
    const height = Math.min(seen.bottom, innerHeight) - seen.top;
    const top = link.getBoundingClientRect().top - seen.top;
    if (top < 0 || top > height - 60) list.scrollTop += top - height / 3;
  }

  #makeGroup({ kind, title }: PageFeature, entries: readonly Entry[]): Group {
    const items = entries.map((entry) => h('li', {}, this.#makeLink(entry)));
    const count = h('small', {}, entries.length);
    const head = h('summary', {}, h('span', {}, title), count);
    return { kind, count, entries, element: h('details', {}, head, h('ul', {}, ...items)) };
  }

  #makeLink(entry: Entry): HTMLAnchorElement {
    const { feature, route } = entry;
    const untold = route.method === 'GET' && feature.kind === 'demo';
    const link = h(
      'a',
      { href: `#${entry.key}` },
      h(
        'span',
        { class: 'path' },
        untold ? undefined : h('b', { class: 'method' }, route.method),
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
    for (const { element, count, entries } of this.#groups) {
      const here = entries.filter((entry) => found.has(entry));
      say(count, String(here.length));
      element.hidden = here.length === 0;
      element.open = words !== '' || entries.some(({ key }) => this.#isCurrent(key));
      for (const entry of entries) {
        const item = this.#links.get(entry.key)?.parentElement;
        if (item) item.hidden = !found.has(entry);
      }
    }
    this.#apiHead.hidden = !this.#groups.some(({ kind, element }) => kind === 'api' && !element.hidden);
    say(this.#found, words === '' ? '' : found.size === 0 ? 'Nothing of that name.' : `${found.size} found`);
  }

  #isCurrent(key: string): boolean {
    return this.#links.get(key)?.getAttribute('aria-current') === 'page';
  }

  #openBest(): void {
    const best = this.#catalogue.best(this.#input.value);
    if (best !== undefined) this.#links.get(best.key)?.click();
  }

  /** Arrows go through what is found; Enter in the search opens the best of it. */
  #onKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const shown = [...this.#links.values()].filter((link) => link.checkVisibility());
    if (event.key === 'Enter' && event.target === this.#input) this.#openBest();
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
