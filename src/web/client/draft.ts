import { asText } from './format.ts';
import type { JsonSchema, PageExample, PageRoute } from './shapes.ts';

/** The form in which an answer is asked for: measured evidence, the same as text, or what the route itself gives. */
export type Form = 'json' | 'text' | 'raw';

/** One request in the making. */
export interface Draft {
  method: string;
  form: Form;
  readonly params: Record<string, string>;
  readonly query: Record<string, string>;
  headers: Readonly<Record<string, string>>;
  /** JSON, as it is typed. */
  body: string | undefined;
  /** What is sent as a stream: a text, or so many zeros. */
  upload: string | number | undefined;
}

export const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Media types that are worth more as they arrive than as evidence of their arriving. */
const watchable = /event-stream|ndjson|json-seq/;

/** A route as its first example asks it, in the form that can be drawn. */
export function firstDraft(route: PageRoute, example: PageExample | undefined = route.examples[0]): Draft {
  const given = (schema: JsonSchema | undefined, values: Readonly<Record<string, unknown>> = {}) =>
    Object.fromEntries(
      Object.entries(schema?.properties ?? {})
        .filter(([name]) => name !== 'as' || !route.evidence)
        .map(([name, property]) => [name, asText(values[name] ?? property.default)]),
    );
  const watched = route.media !== undefined && watchable.test(route.media.mediaType);
  const accept = example?.headers?.['Accept'];
  const evident = route.evidence && !watched && (accept === undefined || /application\/json/.test(accept));
  return {
    method: example?.method ?? (route.method === 'ALL' ? 'GET' : route.method),
    form: evident ? 'json' : 'raw',
    params: given(route.params, example?.params),
    query: given(route.query, example?.query),
    headers: example?.headers ?? {},
    body: route.body === undefined ? undefined : JSON.stringify(example?.body ?? {}, null, 2),
    upload: route.stream === undefined ? undefined : readStdin(example?.stdin ?? ''),
  };
}

/** The command of an example that makes a body, as what it makes: zeros of a known length, or a text. */
function readStdin(command: string): string | number {
  const zeros = /head -c (\d+)/.exec(command)?.[1];
  if (zeros !== undefined) return Number(zeros);
  return (/(?:printf|echo)(?: -n)? '([^']*)'/.exec(command)?.[1] ?? 'hello').replaceAll('\\n', '\n');
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
  tell('@form', draft.form, first.form);
  tell('@method', draft.method, first.method);
  tell('@headers', JSON.stringify(draft.headers), JSON.stringify(first.headers));
  if (draft.body !== undefined) tell('@body', draft.body, first.body);
  if (draft.upload !== undefined) tell('@upload', JSON.stringify(draft.upload), JSON.stringify(first.upload));
  const query = said.toString();
  return `#${key}${query === '' ? '' : `?${query}`}`;
}

/** The draft that a link describes; what it does not know it leaves. */
export function fromLink(route: PageRoute, said: URLSearchParams): Draft {
  const draft = firstDraft(route);
  for (const [name, value] of said) {
    if (name.startsWith(':') && name.slice(1) in draft.params) draft.params[name.slice(1)] = value;
    else if (name === '@form' && ['json', 'text', 'raw'].includes(value)) draft.form = value as Form;
    else if (name === '@method') draft.method = value;
    else if (name === '@body' && draft.body !== undefined) draft.body = value;
    else if (name === '@headers') draft.headers = readJson(value, draft.headers);
    else if (name === '@upload') draft.upload = readJson(value, draft.upload);
    else if (name in draft.query) draft.query[name] = value;
  }
  return draft;
}

function readJson<T>(text: string, otherwise: T): T {
  try {
    return JSON.parse(text) as T;
  } catch {
    return otherwise;
  }
}
