import type { PageFeature } from '../../page-data.ts';
import { h, setText } from '../dom/elements.ts';
import { shortPath, type Catalog, type Entry } from './catalog.ts';

/** On a wide screen the list is next to the route; on a narrow one it is collapsed above it. */
const wide = matchMedia('(min-width: 900px)');

interface Group {
  readonly kind: PageFeature['kind'];
  readonly element: HTMLDetailsElement;
  /** The number of its routes, or of those that match the search. */
  readonly count: Element;
  readonly entries: readonly Entry[];
}

/** The list of all routes by feature, and its search. */
export class RouteList {
  readonly #catalog: Catalog;
  readonly #links = new Map<string, HTMLAnchorElement>();
  readonly #groups: readonly Group[];
  readonly #apiHeading = h('p.list-heading', 'Other features');
  readonly #matches = h('p.matches.muted', { role: 'status' });
  readonly #input: HTMLInputElement;
  readonly #list: HTMLElement;
  readonly #all: HTMLDetailsElement;

  constructor(element: HTMLElement, catalog: Catalog) {
    this.#catalog = catalog;
    this.#input = h('input', {
      type: 'search',
      id: 'search',
      placeholder: 'Search demos',
      autocomplete: 'off',
      'aria-label': 'Search demos',
      'aria-keyshortcuts': '/',
      input: () => this.#search(),
      keydown: (event) => this.#onKey(event as KeyboardEvent),
    });
    const groups = Map.groupBy(catalog.entries, ({ feature }) => feature);
    this.#groups = [...groups].map(([feature, entries]) => this.#makeGroup(feature, entries));
    const listed = (kind: PageFeature['kind']) =>
      this.#groups.filter((group) => group.kind === kind).map(({ element }) => element);
    this.#list = h('div.groups', ...listed('demo'), this.#apiHeading, ...listed('api'));
    this.#apiHeading.hidden = listed('api').length === 0;
    const all = `All ${catalog.entries.length} routes`;
    this.#all = h(
      'details.all',
      { keydown: (event) => this.#onKey(event as KeyboardEvent) },
      h('summary.button', all),
      this.#list,
    );
    this.#all.open = wide.matches;
    wide.addEventListener('change', () => (this.#all.open = wide.matches));
    element.append(
      h('div.search', this.#input, h('kbd', { 'aria-hidden': 'true' }, '/')),
      this.#matches,
      this.#all,
    );
    document.addEventListener('keydown', (event) => {
      if (event.key !== '/' || event.ctrlKey || event.metaKey || isTyping(event.target)) return;
      event.preventDefault();
      this.#input.focus();
      this.#input.select();
      // The matches are below the input.
      if (this.#input.getBoundingClientRect().top > innerHeight / 3) this.#input.scrollIntoView();
    });
  }

  /** Marks the entry that is shown, if there is one. */
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
    // Scrolls only this list, never the page.
    const box = list.getBoundingClientRect();
    const height = Math.min(box.bottom, innerHeight) - box.top;
    const top = link.getBoundingClientRect().top - box.top;
    if (top < 0 || top > height - 60) list.scrollTop += top - height / 3;
  }

  #makeGroup({ kind, title }: PageFeature, entries: readonly Entry[]): Group {
    const items = entries.map((entry) => h('li', this.#makeLink(entry)));
    const count = h('small', entries.length);
    const head = h('summary', h('span', title), count);
    return { kind, count, entries, element: h('details', head, h('ul', ...items)) };
  }

  #makeLink(entry: Entry): HTMLAnchorElement {
    const { feature, route } = entry;
    const hideMethod = route.method === 'GET' && feature.kind === 'demo';
    const link = h(
      'a',
      { href: `#${entry.key}` },
      h(
        'span.path',
        hideMethod ? undefined : h('b.method', route.method),
        shortPath(entry),
        route.danger ? h('span.warning', '▲', h('span.visually-hidden', ' dangerous')) : undefined,
      ),
      h('span.route-title', route.title),
    );
    this.#links.set(entry.key, link);
    return link;
  }

  #search(): void {
    const words = this.#input.value.trim();
    if (words !== '') this.#all.open = true;
    const found = new Set(this.#catalog.search(words));
    for (const { element, count, entries } of this.#groups) {
      const here = entries.filter((entry) => found.has(entry));
      setText(count, String(here.length));
      element.hidden = here.length === 0;
      element.open = words !== '' || entries.some(({ key }) => this.#isCurrent(key));
      for (const entry of entries) {
        const item = this.#links.get(entry.key)?.parentElement;
        if (item) item.hidden = !found.has(entry);
      }
    }
    this.#apiHeading.hidden = !this.#groups.some(({ kind, element }) => kind === 'api' && !element.hidden);
    const count = found.size === 1 ? '1 match' : found.size === 0 ? 'No matches' : `${found.size} matches`;
    setText(this.#matches, words === '' ? '' : count);
  }

  #isCurrent(key: string): boolean {
    return this.#links.get(key)?.getAttribute('aria-current') === 'page';
  }

  #openBest(): void {
    const best = this.#catalog.best(this.#input.value);
    if (best !== undefined) this.#links.get(best.key)?.click();
  }

  /** Arrow keys move through the matches, Enter in the search opens the best one, Escape clears the search. */
  #onKey(event: KeyboardEvent): void {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (event.key === 'Enter' && event.target === this.#input) this.#openBest();
    if (event.key === 'Escape') {
      this.#input.value = '';
      this.#search();
    }
    if (step === 0) return;
    event.preventDefault();
    const shown = [...this.#links.values()].filter((link) => link.checkVisibility());
    const index = shown.indexOf(document.activeElement as HTMLAnchorElement);
    const next = shown[index + step];
    if (next !== undefined) next.focus();
    else if (step < 0) this.#input.focus();
  }
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName);
}
