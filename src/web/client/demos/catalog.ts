import type { PageFeature, PageManifest, PageRoute } from '../../page-data.ts';

/** A shorter part would be found across the boundaries of many words. */
const MIN_JOINED_CHARACTERS = 8;

/** A route with the feature it belongs to. */
export interface Entry {
  readonly feature: PageFeature;
  readonly route: PageRoute;
  /** Its link: the path, after the method if another route has the same path. */
  readonly key: string;
  /** What the search looks at. */
  readonly text: string;
}

/** Every route, by the key of its link. */
export class Catalog {
  readonly entries: readonly Entry[];
  readonly #byKey: ReadonlyMap<string, Entry>;

  constructor({ features }: PageManifest) {
    const taken = new Set<string>();
    this.entries = features.flatMap((feature) =>
      feature.routes.map((route) => {
        const { method, path, title, summary, teaches } = route;
        const key = taken.has(path) ? method + path : path;
        taken.add(path);
        const text = [feature.title, ...feature.terms, method, path, title, summary, teaches];
        return { feature, route, key, text: text.join(' ').toLowerCase() };
      }),
    );
    this.#byKey = new Map(this.entries.map((entry) => [entry.key, entry]));
  }

  find(key: string): Entry | undefined {
    return this.#byKey.get(key);
  }

  /** Finds the entry of a path with values in it, as contrasts are written. */
  match(path: string): { readonly entry: Entry; readonly query: URLSearchParams } | undefined {
    const [bare = '', query = ''] = path.split('?', 2);
    const entry =
      this.entries.find(({ route }) => route.path === bare) ??
      this.entries.find(({ route }) => toPattern(route.path).test(bare));
    return entry === undefined ? undefined : { entry, query: new URLSearchParams(query) };
  }

  /** The entries in which a word begins with each of the words: "sse" is not in "processes". */
  search(words: string): readonly Entry[] {
    const parts = words.toLowerCase().split(/\s+/).filter(Boolean);
    return this.entries.filter(({ text }) => parts.every((part) => contains(text, part)));
  }

  /** The best match: an entry whose path begins with the words, else contains them, else the first match. */
  best(words: string): Entry | undefined {
    const wanted = words.toLowerCase().trim();
    const found = this.search(words);
    return (
      found.find((entry) => shortPath(entry).startsWith(`/${wanted}`)) ??
      found.find(({ route }) => route.path.includes(wanted)) ??
      found[0]
    );
  }
}

/** Whether a word of the text begins with a part: "flamegraph" also finds "flame graph". */
function contains(text: string, part: string): boolean {
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + 1)) {
    if (!/[\p{L}\p{N}]/u.test(text.charAt(at - 1)) || !/^[\p{L}\p{N}]/u.test(part)) return true;
  }
  return part.length >= MIN_JOINED_CHARACTERS && text.replace(/(?<=\p{L})[ -](?=\p{L})/gu, '').includes(part);
}

/** The path of a route within its demo: `/pbkdf2`. */
export function shortPath({ feature, route }: Entry): string {
  if (feature.kind === 'api') return route.path;
  const [, rest = ''] = route.path.split(`/${feature.id}`, 2);
  return rest === '' ? route.path : rest;
}

/** Matches the paths of a route; the groups are its parameters. */
export function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:(\w+)/g, '(?<$1>[^/]+)')}$`);
}
