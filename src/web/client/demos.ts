import { Catalogue, type Entry } from './catalogue.ts';
import type { Cluster } from './cluster.ts';
import { Detail } from './detail.ts';
import { byId, h, say } from './dom.ts';
import { fromLink } from './draft.ts';
import { Finder } from './finder.ts';
import type { PageManifest } from './shapes.ts';

/** The demos: the list, and the one that the link names. */
export class Demos {
  readonly #catalogue: Catalogue;
  readonly #cluster: Cluster;
  readonly #finder: Finder;
  readonly #stage = byId('detail');
  #detail: Detail | undefined;

  constructor(manifest: PageManifest, cluster: Cluster) {
    this.#catalogue = new Catalogue(manifest);
    this.#cluster = cluster;
    this.#finder = new Finder(byId('finder'), this.#catalogue);
    const demos = manifest.features.filter(({ kind }) => kind === 'demo');
    const routes = demos.reduce((sum, demo) => sum + demo.routes.length, 0);
    say(byId('demos-count'), `${routes} routes in ${demos.length} groups, each with measured evidence`);
    byId('demos').hidden = false;
  }

  start(): void {
    addEventListener('hashchange', () => this.#follow(true));
    this.#follow(location.hash.startsWith('#/'));
  }

  /** @param chosen whether a person asked for it: then it is brought into view */
  #follow(chosen: boolean): void {
    const [, key = '', query = ''] = /^#([A-Z]*\/[^?]*)(?:\?(.*))?$/.exec(location.hash) ?? [];
    if (key === '' && this.#detail !== undefined) return;
    this.#detail?.stop();
    this.#detail = undefined;
    const entry = key === '' ? this.#first() : this.#catalogue.find(key);
    this.#finder.select(entry);
    if (entry === undefined) {
      this.#stage.replaceChildren(
        h('p', { class: 'muted', role: 'status' }, `Nothing here is called ${key}.`),
      );
      return;
    }
    this.#detail = new Detail(entry, fromLink(entry.route, new URLSearchParams(query)), {
      catalogue: this.#catalogue,
      cluster: this.#cluster,
    });
    this.#stage.replaceChildren(this.#detail.element);
    if (!chosen) return;
    document.title = `${entry.route.path.replace(/^\/(demos\/)?/, '')} · Control room`;
    this.#stage.scrollIntoView({ block: 'nearest' });
    if (this.#stage.getBoundingClientRect().top > innerHeight * 0.6 || innerWidth < 900) {
      this.#stage.scrollIntoView({ block: 'start' });
    }
    this.#stage.querySelector<HTMLElement>('.title')?.focus({ preventScroll: true });
  }

  /** Without a link: the first that has several harmless contrasts, for that shows most. */
  #first(): Entry | undefined {
    const { entries } = this.#catalogue;
    const harmless = (path: string) => this.#catalogue.match(path)?.entry.route.danger === false;
    return (
      entries.find(
        ({ route }) => route.evidence && !route.danger && route.contrasts.filter(harmless).length > 1,
      ) ?? entries[0]
    );
  }
}
