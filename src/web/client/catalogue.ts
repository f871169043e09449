import type { PageDemo, PageManifest, PageRoute } from './shapes.ts';

/** A route with the demo it belongs to. */
export interface Entry {
  readonly demo: PageDemo;
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

  constructor({ demos }: PageManifest) {
    const taken = new Set<string>();
    this.entries = demos.flatMap((demo) =>
      demo.routes.map((route) => {
        const key = taken.has(route.path) ? route.method + route.path : route.path;
        taken.add(route.path);
        const text = [demo.title, route.method, route.path, route.summary, route.teaches, demo.summary];
        return { demo, route, key, text: text.join(' ').toLowerCase() };
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
}

/** What tells a route from its neighbours: `/pbkdf2`. */
export function shortPath({ demo, route }: Entry): string {
  const [, rest = ''] = route.path.split(`/${demo.id}`, 2);
  return rest === '' ? route.path : rest;
}

function toPattern(path: string): RegExp {
  return new RegExp(`^${path.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`);
}
