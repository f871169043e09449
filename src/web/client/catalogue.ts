import type { PageFeature, PageManifest, PageRoute } from './shapes.ts';

/** A route with the feature it belongs to. */
export interface Entry {
  readonly feature: PageFeature;
  readonly route: PageRoute;
  /** What its link says: the path, and the method where the path alone does not tell. */
  readonly key: string;
  /** What is searched. */
  readonly text: string;
}

/** Every route, by the key of its link. */
export class Catalogue {
  readonly entries: readonly Entry[];
  readonly #byKey: ReadonlyMap<string, Entry>;

  constructor({ features }: PageManifest) {
    const taken = new Set<string>();
    this.entries = features.flatMap((feature) =>
      feature.routes.map((route) => {
        const key = taken.has(route.path) ? route.method + route.path : route.path;
        taken.add(route.path);
        const text = [feature.title, route.method, route.path, route.summary, route.teaches];
        return { feature, route, key, text: text.join(' ').toLowerCase() };
      }),
    );
    this.#byKey = new Map(this.entries.map((entry) => [entry.key, entry]));
  }

  find(key: string): Entry | undefined {
    return this.#byKey.get(key);
  }

  /** The entry that a path with values in it belongs to, as contrasts are written. */
  match(path: string): { readonly entry: Entry; readonly query: URLSearchParams } | undefined {
    const [bare = '', query = ''] = path.split('?', 2);
    const entry =
      this.entries.find(({ route }) => route.path === bare) ??
      this.entries.find(({ route }) => toPattern(route.path).test(bare));
    return entry === undefined ? undefined : { entry, query: new URLSearchParams(query) };
  }

  /** Those in which every word is found. */
  search(words: string): readonly Entry[] {
    const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
    return this.entries.filter(({ text }) => parts.every((part) => text.includes(part)));
  }

  /** Of those that are found, the one whose path begins with what is sought, or else has it, or else the first. */
  best(words: string): Entry | undefined {
    const sought = words.toLowerCase().trim();
    const found = this.search(words);
    return (
      found.find((entry) => shortPath(entry).startsWith(`/${sought}`)) ??
      found.find(({ route }) => route.path.includes(sought)) ??
      found[0]
    );
  }
}

/** What tells a route from its neighbours: `/pbkdf2`. */
export function shortPath({ feature, route }: Entry): string {
  if (feature.kind === 'api') return route.path;
  const [, rest = ''] = route.path.split(`/${feature.id}`, 2);
  return rest === '' ? route.path : rest;
}

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`);
}
