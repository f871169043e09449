import { asText } from './format.ts';
import type { JsonSchema, PageExample, PageRoute } from './shapes.ts';

/** The form in which an answer is asked for: measured evidence, the same as text, or what the route itself gives. */
export type Form = 'json' | 'text' | 'raw';

type Values = Readonly<Record<string, unknown>>;

/** One request in the making. */
export interface Draft {
  method: string;
  form: Form;
  readonly params: Record<string, string>;
  readonly query: Record<string, string>;
  /** By name; an empty one is not sent. */
  readonly headers: Record<string, string>;
  /** JSON, as it is typed. */
  body: string | undefined;
  /** What is sent as a stream: a text, in which `\n` and `\211` are bytes, or so many zeros. */
  upload: string | number | undefined;
}

/** Of zeros that a page makes: they are in its memory before they are sent. */
export const MAX_UPLOAD_BYTES = 200_000_000;

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Media types that are worth more as they arrive than as evidence of their arriving. */
const watchable = /event-stream|ndjson|json-seq/;

/** A route as one of its examples asks it, in the form that can be drawn where that shows what the example is about. */
export function firstDraft(route: PageRoute, example: PageExample | undefined = route.examples[0]): Draft {
  return {
    method: example?.method ?? (route.method === 'ALL' ? 'GET' : route.method),
    form: showsAsEvidence(route, example) ? 'json' : 'raw',
    params: fill(route, route.params, example?.params),
    query: fill(route, route.query, example?.query),
    headers: Object.fromEntries(headerNames(route).map((name) => [name, example?.headers?.[name] ?? ''])),
    body: route.body === undefined ? undefined : JSON.stringify(example?.body ?? {}, null, 2),
    upload: route.stream === undefined ? undefined : readStdin(example?.stdin ?? ''),
  };
}

/** Headers and a status are about the answer of the route itself, and so is what comes bit by bit. */
function showsAsEvidence(route: PageRoute, example: PageExample | undefined): boolean {
  if (!route.evidence) return false;
  if (route.media === undefined) return true;
  const particular = example?.headers !== undefined || example?.status !== undefined;
  return !watchable.test(route.media.mediaType) && (!particular || example.query?.['as'] !== undefined);
}

function fill(route: PageRoute, schema: JsonSchema | undefined, values: Values = {}): Record<string, string> {
  const properties = Object.entries(schema?.properties ?? {}).filter(
    ([name]) => name !== 'as' || !route.evidence,
  );
  return Object.fromEntries(
    properties.map(([name, property]) => [name, asText(values[name] ?? property.default)]),
  );
}

/** Those that the route reads or that an example sends, spelt as the examples do. */
function headerNames(route: PageRoute): string[] {
  const named = new Set(route.examples.flatMap(({ headers }) => Object.keys(headers ?? {})));
  const known = new Set([...named].map((name) => name.toLowerCase()));
  const read = Object.keys(route.headers?.properties ?? {}).filter((name) => !known.has(name));
  return [...named, ...read.map((name) => name.replace(/\b[a-z]/g, (letter) => letter.toUpperCase()))];
}

/** The command of an example that makes a body, as what it makes: zeros of a known length, or a text. */
function readStdin(command: string): string | number {
  const zeros = /head -c (\d+)/.exec(command)?.[1];
  if (zeros !== undefined) return Number(zeros);
  const printed = /(?:printf|echo)(?: -n)? '([^']*)'/.exec(command)?.[1];
  return printed === undefined ? 'hello' : printed.replaceAll('%%', '%');
}

/** Whether it asks just what an example asks that is to be refused: then it is wrong on purpose. */
export function isWrongOnPurpose(route: PageRoute, draft: Draft): boolean {
  const asked = (one: Draft) => JSON.stringify({ ...one, form: '' });
  return route.examples.some(
    (example) => (example.status ?? 200) >= 400 && asked(firstDraft(route, example)) === asked(draft),
  );
}

/** What of a draft is not the default: it goes into the link. */
export function toLink(key: string, route: PageRoute, draft: Draft): string {
  const first = firstDraft(route);
  const said = new URLSearchParams();
  const tell = (name: string, value: string, usual: string | undefined) => {
    if (value !== (usual ?? '')) said.set(name, value);
  };
  for (const [name, value] of Object.entries(draft.params)) tell(`:${name}`, value, first.params[name]);
  for (const [name, value] of Object.entries(draft.query)) tell(name, value, first.query[name]);
  for (const [name, value] of Object.entries(draft.headers)) tell(`@${name}`, value, first.headers[name]);
  tell('@form', draft.form, first.form);
  tell('@method', draft.method, first.method);
  if (draft.body !== undefined) tell('@body', draft.body, first.body);
  if (draft.upload !== undefined) tell('@upload', JSON.stringify(draft.upload), JSON.stringify(first.upload));
  const query = said.toString();
  return `#${key}${query === '' ? '' : `?${query}`}`;
}

/** The draft that a link describes; what it does not know it leaves. */
export function fromLink(route: PageRoute, said: URLSearchParams): Draft {
  const draft = firstDraft(route);
  for (const [name, value] of said) {
    const rest = name.slice(1);
    if (name.startsWith(':') && Object.hasOwn(draft.params, rest)) draft.params[rest] = value;
    else if (name.startsWith('@') && Object.hasOwn(draft.headers, rest)) draft.headers[rest] = value;
    else if (name === '@form' && ['json', 'text', 'raw'].includes(value)) draft.form = value as Form;
    else if (name === '@method' && METHODS.some((method) => method === value)) draft.method = value;
    else if (name === '@body' && draft.body !== undefined) draft.body = value;
    else if (name === '@upload' && draft.upload !== undefined) draft.upload = readUpload(value, draft.upload);
    else if (Object.hasOwn(draft.query, name)) draft.query[name] = value;
  }
  return draft;
}

/** A text or a number of zeros, as JSON; anything else is as if it were not said. */
function readUpload(json: string, otherwise: string | number): string | number {
  try {
    const said: unknown = JSON.parse(json);
    if (typeof said === 'string') return said;
    const isSize = Number.isInteger(said) && Number(said) >= 0 && Number(said) <= MAX_UPLOAD_BYTES;
    return isSize ? Number(said) : otherwise;
  } catch {
    return otherwise;
  }
}
