import { isStreamedBody, type Example, type Feature, type Route } from './feature.ts';

/** Where printed lines go that are not printed for a caller, as those of the documentation. */
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

/** The method an example is made with. */
export function exampleMethod(route: Route, example: Example): string {
  return (example.method ?? (route.method === 'all' ? 'get' : route.method)).toUpperCase();
}

/** The line that makes an example's request from a terminal. */
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
    // curl finds the method by itself where there is a body to send or none to expect.
    method === 'GET' || (method === 'POST' && example.body !== undefined)
      ? ''
      : method === 'HEAD'
        ? '-I'
        : `-X ${method}`,
    ...Object.entries(example.headers ?? {}).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    example.body === undefined ? '' : `--json ${quote(JSON.stringify(example.body))}`,
    streamed ? '-T -' : '',
    example.curl ?? '',
    quote(origin + exampleTarget(feature, route, example)),
  ];
  const line = words.filter(Boolean).join(' ');
  return [streamed ? example.stdin : undefined, line, example.pipe].filter(Boolean).join(' | ');
}

/** In quotes only where a shell would stumble. */
function quote(text: string): string {
  return /^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
