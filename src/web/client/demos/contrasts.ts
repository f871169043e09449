import { firstDraft, type Draft } from '../request/draft.ts';
import { shortPath, type Catalog, type Entry } from './catalog.ts';

/** A route that does the same in another way: another route, or the same one with other values. */
export interface Contrast {
  readonly entry: Entry;
  /** The values in which it differs. */
  readonly query: URLSearchParams;
  readonly name: string;
  /** The name of the route that it is compared with. */
  ownName(draft: Draft): string;
}

/** The contrasts that a route declares. */
export function contrastsOf(own: Entry, catalog: Catalog): Contrast[] {
  return own.route.contrasts.flatMap((path) => {
    const found = catalog.match(path);
    if (found === undefined) return [];
    const { entry, query } = found;
    const otherFeature = entry.feature !== own.feature;
    return {
      entry,
      query,
      name: nameOf(entry, query, otherFeature),
      ownName(draft: Draft) {
        const values = entry === own ? [...query.keys()].map((key) => [key, draft.query[key] ?? '']) : [];
        return nameOf(own, new URLSearchParams(values), otherFeature);
      },
    };
  });
}

function nameOf(entry: Entry, query: URLSearchParams, withFeature: boolean): string {
  const path = withFeature ? entry.route.path.replace(/^\/demos\//, '') : shortPath(entry);
  return query.size === 0 ? path : `${path}?${query.toString()}`;
}

/** Whether a draft already is the contrast. */
export function isSame(own: Entry, draft: Draft, { entry, query }: Contrast): boolean {
  return entry === own && [...query].every(([name, value]) => draft.query[name] === value);
}

/** A draft of the contrast that does the same work: with the values of every parameter that both have. */
export function draftOf({ entry, query }: Contrast, own: Draft): Draft {
  const draft = firstDraft(entry.route);
  if (entry.route.evidence) draft.form = 'json';
  const given = { ...own.query, ...Object.fromEntries(query) };
  for (const [name, value] of Object.entries(given)) if (name in draft.query) draft.query[name] = value;
  for (const [name, value] of Object.entries(own.params))
    if (name in draft.params) draft.params[name] = value;
  return draft;
}
