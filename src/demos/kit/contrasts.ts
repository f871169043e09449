import { exampleCurl } from '../../manifest/curl.ts';
import type { Feature } from '../../routes/feature.ts';
import type { Example, Route } from '../../routes/route.ts';

interface Found {
  readonly feature: Feature;
  readonly route: Route;
  readonly query: URLSearchParams;
}

/** What a request asked for. */
interface Asked {
  readonly route: Route;
  readonly query: Readonly<Record<string, unknown>>;
}

/**
 * The commands that run the contrasts of a route: examples of the target itself, so that each runs as it is printed. The
 * request that asks is not among them.
 */
export function contrastCommands(features: readonly Feature[], asked: Asked, host: string): string[] {
  const commands = (asked.route.meta?.contrasts ?? []).flatMap((path) => {
    const found = findRoute(features, path);
    if (found === undefined || isAsked(found, asked)) return [];
    return exampleCurl(found.feature, found.route, exampleFor(found), host);
  });
  return [...new Set(commands)];
}

/** Finds the route of a path with a query: `/demos/event-loop/order?from=io`. */
function findRoute(features: readonly Feature[], path: string): Found | undefined {
  const [bare, query] = path.split('?', 2);
  for (const feature of features) {
    const route = feature.routes.find((each) => feature.base + each.path === bare);
    if (route !== undefined) return { feature, route, query: new URLSearchParams(query) };
  }
  return undefined;
}

function isAsked({ route, query }: Found, asked: Asked): boolean {
  return route === asked.route && [...query].every(([name, value]) => String(asked.query[name]) === value);
}

/** The first example of the target with the values of the contrast; one that responds as text comes before all others. */
function exampleFor({ route, query }: Found): Example {
  const matching = route.examples.filter((example) =>
    [...query].every(([name, value]) => String(example.query?.[name]) === value),
  );
  const [first = route.examples[0]] = [...matching.filter(isText), ...matching];
  return first;
}

function isText({ query }: Example): boolean {
  return query?.['as'] === 'text';
}
