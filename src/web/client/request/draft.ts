import type { JsonSchema, PageExample, PageRoute } from '../../page-data.ts';
import { stringify } from '../dom/format.ts';

/** The requested form of the response: measured evidence, the same as text, or the route's own response. */
export type Form = 'json' | 'text' | 'raw';

type Values = Readonly<Record<string, unknown>>;

/** A request while it is edited. */
export interface Draft {
  method: string;
  form: Form;
  readonly params: Record<string, string>;
  readonly query: Record<string, string>;
  /** By name; an empty one is not sent. */
  readonly headers: Record<string, string>;
  /** JSON, as typed. */
  body: string | undefined;
  /** What is sent as a stream: a text, in which `\n` and `\211` are bytes, or a number of zeros. */
  upload: string | number | undefined;
  /** The route that is requested first and whose `Location` has the path parameters: `POST /tasks`. */
  createdBy: string | undefined;
}

/** Of zeros, which are in the memory of the page before they are sent. */
export const MAX_UPLOAD_BYTES = 200_000_000;

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Media types that show more while they arrive than evidence about them does. */
const progressive = /event-stream|ndjson|json-seq/;

/** The request of an example, as evidence if that shows what the example is about. */
export function firstDraft(route: PageRoute, example: PageExample | undefined = route.examples[0]): Draft {
  return {
    method: example?.method ?? (route.method === 'ALL' ? 'GET' : route.method),
    form: showsAsEvidence(route, example) ? 'json' : 'raw',
    params: fill(route, route.params, example?.params),
    query: fill(route, route.query, example?.query),
    headers: Object.fromEntries(headerNames(route).map((name) => [name, example?.headers?.[name] ?? ''])),
    body: route.body === undefined ? undefined : JSON.stringify(example?.body ?? {}, null, 2),
    upload: route.stream === undefined ? undefined : readStdin(example?.stdin ?? ''),
    createdBy: example?.createdBy,
  };
}

/** Examples of headers, of a status or of a progressive response are about the route's own response. */
function showsAsEvidence(route: PageRoute, example: PageExample | undefined): boolean {
  if (!route.evidence) return false;
  if (route.media === undefined) return true;
  const aboutResponse = example?.headers !== undefined || example?.status !== undefined;
  return !progressive.test(route.media.mediaType) && (!aboutResponse || example.query?.['as'] !== undefined);
}

function fill(route: PageRoute, schema: JsonSchema | undefined, values: Values = {}): Record<string, string> {
  const properties = Object.entries(schema?.properties ?? {}).filter(
    ([name]) => name !== 'as' || !route.evidence,
  );
  return Object.fromEntries(
    properties.map(([name, property]) => [name, stringify(values[name] ?? property.default)]),
  );
}

/** The headers that the route reads or an example sends, spelled as in the examples. */
function headerNames(route: PageRoute): string[] {
  const sent = new Set(route.examples.flatMap(({ headers }) => Object.keys(headers ?? {})));
  const known = new Set([...sent].map((name) => name.toLowerCase()));
  const read = Object.keys(route.headers?.properties ?? {}).filter((name) => !known.has(name));
  return [...sent, ...read.map((name) => name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()))];
}

/** The body that an example's command prints: zeros of a known length, or a text. */
function readStdin(command: string): string | number {
  const zeros = /head -c (\d+)/.exec(command)?.[1];
  if (zeros !== undefined) return Number(zeros);
  const printed = /(?:printf|echo)(?: -n)? '([^']*)'/.exec(command)?.[1];
  return printed === undefined ? 'hello' : printed.replaceAll('%%', '%');
}

/** Whether a draft is the request of an example that is rejected: then it is invalid on purpose. */
export function isInvalidOnPurpose(route: PageRoute, draft: Draft): boolean {
  const toKey = (one: Draft) => JSON.stringify({ ...one, form: '' });
  return route.examples.some(
    (example) => (example.status ?? 200) >= 400 && toKey(firstDraft(route, example)) === toKey(draft),
  );
}
