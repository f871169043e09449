import { shortPath, type Catalogue, type Entry } from './catalogue.ts';
import { firstDraft, type Draft } from './draft.ts';

/** Another route, or the same one with other values, that does the same otherwise. */
export interface Contrast {
  readonly entry: Entry;
  /** Values that make it another one. */
  readonly query: URLSearchParams;
  /** What tells it from what it is compared with. */
  readonly name: string;
  /** What that one is called beside it. */
  ownName(draft: Draft): string;
}

/** The contrasts that a route declares. */
export function contrastsOf(own: Entry, catalogue: Catalogue): Contrast[] {
  return own.route.contrasts.flatMap((path) => {
    const found = catalogue.match(path);
    if (found === undefined) return [];
    const { entry, query } = found;
    const far = entry.feature !== own.feature;
    return {
      entry,
      query,
      name: nameOf(entry, query, far),
      ownName(draft: Draft) {
        const values = entry === own ? [...query.keys()].map((key) => [key, draft.query[key] ?? '']) : [];
        return nameOf(own, new URLSearchParams(values), far);
      },
    };
  });
}

function nameOf(entry: Entry, query: URLSearchParams, far: boolean): string {
  const path = far ? entry.route.path.replace(/^\/demos\//, '') : shortPath(entry);
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

/** Whether a draft asks for the contrast already: it is none to itself. */
export function isSame(own: Entry, draft: Draft, { entry, query }: Contrast): boolean {
  return entry === own && [...query].every(([name, value]) => draft.query[name] === value);
}

/** The same work for the other: what both can be told, both are told. */
export function draftOf({ entry, query }: Contrast, own: Draft): Draft {
  const draft = firstDraft(entry.route);
  if (entry.route.evidence) draft.form = 'json';
  const given = { ...own.query, ...Object.fromEntries(query) };
  for (const [name, value] of Object.entries(given)) if (name in draft.query) draft.query[name] = value;
  for (const [name, value] of Object.entries(own.params))
    if (name in draft.params) draft.params[name] = value;
  return draft;
}
