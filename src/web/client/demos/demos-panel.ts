import type { ClusterPanel } from '../cluster/cluster-panel.ts';
import { byId, h } from '../dom/elements.ts';
import { fromLink } from '../request/draft-link.ts';
import type { Catalog, Entry } from './catalog.ts';
import { RouteList } from './route-list.ts';
import { RouteView } from './route-view.ts';

const FIRST = '/demos/event-loop/block';

/** The list of routes, and the route that the URL links to. */
export class DemosPanel {
  readonly #catalog: Catalog;
  readonly #cluster: ClusterPanel;
  readonly #list: RouteList;
  readonly #route = byId('route');
  #view: RouteView | undefined;

  constructor(catalog: Catalog, cluster: ClusterPanel) {
    this.#catalog = catalog;
    this.#cluster = cluster;
    this.#list = new RouteList(byId('route-list'), this.#catalog);
    byId('demos').hidden = false;
  }

  start(): void {
    addEventListener('hashchange', () => this.#open(true));
    this.#open(location.hash.startsWith('#/'));
  }

  /** @param scroll whether a person chose the route: it is scrolled into view */
  #open(scroll: boolean): void {
    const [, key = '', query = ''] = /^#([A-Z]*\/[^?]*)(?:\?(.*))?$/.exec(location.hash) ?? [];
    if (key === '' && this.#view !== undefined) return;
    this.#view?.stop();
    this.#view = undefined;
    const entry = key === '' ? this.#initial() : this.#catalog.find(key);
    this.#list.select(entry);
    if (entry === undefined) {
      this.#route.replaceChildren(h('p.muted', { role: 'status' }, `There is no route ${key}.`));
      return;
    }
    this.#view = new RouteView(entry, fromLink(entry.route, new URLSearchParams(query)), {
      catalog: this.#catalog,
      cluster: this.#cluster,
    });
    this.#route.replaceChildren(this.#view.element);
    if (!scroll) return;
    document.title = `${entry.route.title} · Control room`;
    this.#route.scrollIntoView({ block: 'nearest' });
    if (this.#route.getBoundingClientRect().top > innerHeight * 0.6 || innerWidth < 900) {
      this.#route.scrollIntoView({ block: 'start' });
    }
    this.#route.querySelector<HTMLElement>('.title')?.focus({ preventScroll: true });
  }

  /** Without a link: what most people come for. */
  #initial(): Entry | undefined {
    return this.#catalog.find(FIRST) ?? this.#catalog.entries[0];
  }
}
