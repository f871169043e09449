import type { Feature } from '../routes/feature.ts';
import { isStreamedBody, type Example, type Route } from '../routes/route.ts';
import { quote } from './shell-quote.ts';

/** The host of commands that are not printed for a caller, such as those in the documentation. */
export const DEFAULT_ORIGIN = 'localhost:3000';

/** The path and query of an example. */
export function exampleTarget(feature: Feature, route: Route, example: Example): string {
  const path = (feature.base + route.path).replace(/:(\w+)/g, (_match, name: string) =>
    encodeURIComponent(String(example.params?.[name] ?? '')),
  );
  const query = new URLSearchParams(
    Object.entries(example.query ?? {}).map(([name, value]): [string, string] => [name, String(value)]),
  ).toString();
  return query === '' ? path : `${path}?${query}`;
}

/** The method of an example's request. */
export function exampleMethod(route: Route, example: Example): string {
  return (example.method ?? (route.method === 'all' ? 'get' : route.method)).toUpperCase();
}

/** The shell command that makes an example's request. */
export function exampleCurl(
  feature: Feature,
  route: Route,
  example: Example,
  origin = DEFAULT_ORIGIN,
): string {
  const method = exampleMethod(route, example);
  const streamed = isStreamedBody(route.body) && example.stdin !== undefined;
  const words = [
    'curl -s',
    // curl picks the method itself if there is a body to send or none to expect.
    method === 'GET' || (method === 'POST' && example.body !== undefined)
      ? ''
      : method === 'HEAD'
        ? '-I'
        : `-X ${method}`,
    ...Object.entries(example.headers ?? {}).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    example.body === undefined ? '' : `--json ${quote(JSON.stringify(example.body))}`,
    streamed ? '-T -' : '',
    example.curl ?? '',
    exampleUrl(feature, route, example, origin),
  ];
  const command = words.filter(Boolean).join(' ');
  return [streamed ? example.stdin : undefined, command, example.pipe].filter(Boolean).join(' | ');
}

/** Either the target itself, or the `Location` header of the response to a first request. */
function exampleUrl(feature: Feature, route: Route, example: Example, origin: string): string {
  if (example.createdBy === undefined) return quote(origin + exampleTarget(feature, route, example));
  const [first] = example.createdBy.examples;
  const create = exampleCurl(
    feature,
    example.createdBy,
    { ...first, curl: "-o /dev/null -w '%header{location}'" },
    origin,
  );
  const below = route.path.replace(/^.*?:\w+/, ''); // the header names what was created: `/:id`
  return `${quote(origin)}$(${create})${below}`;
}
