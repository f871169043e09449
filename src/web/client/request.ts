import type { Draft } from './draft.ts';
import type { PageRoute } from './shapes.ts';

/** A request as the browser makes it, and as a terminal would. */
export interface Prepared {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Blob | undefined;
  readonly curl: string;
  /** Whether the answer is of use only when it is all there. */
  readonly whole: boolean;
}

/** Makes a request of a draft. Values that are empty are left out. */
export function prepare(route: PageRoute, draft: Draft): Prepared {
  const { method } = draft;
  const target = toTarget(route, draft);
  const headers: Record<string, string> = { ...draft.headers };
  if (headers['Accept'] === undefined && draft.form === 'json' && route.evidence) {
    headers['Accept'] = 'application/json';
  } else if (headers['Accept'] === undefined && draft.form === 'raw') headers['Accept'] = '*/*';
  const bodied = method !== 'GET' && method !== 'HEAD';
  let body: string | Blob | undefined;
  if (bodied && draft.body !== undefined) {
    headers['Content-Type'] = 'application/json';
    body = draft.body;
  } else if (bodied && draft.upload !== undefined) {
    headers['Content-Type'] = route.stream?.stream ?? 'application/octet-stream';
    body = typeof draft.upload === 'number' ? new Blob([new Uint8Array(draft.upload)]) : draft.upload;
  }
  return {
    method,
    target,
    headers,
    body,
    curl: toCurl(route, draft, target),
    whole: route.evidence && draft.form === 'json',
  };
}

function toTarget(route: PageRoute, { params, query, form }: Draft): string {
  const path = route.path.replace(/:(\w+)/g, (_match, name: string) =>
    encodeURIComponent(params[name] ?? ''),
  );
  const said = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''));
  if (route.evidence && form === 'text') said.set('as', 'text');
  if (route.media !== undefined && route.evidence && form === 'json') said.set('as', 'json');
  const text = said.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The same words, in the same order, as the lines in the index. */
function toCurl(route: PageRoute, draft: Draft, target: string): string {
  const { method } = draft;
  const bodied = method !== 'GET' && method !== 'HEAD';
  const streamed = bodied && draft.upload !== undefined;
  const json = bodied && draft.body !== undefined;
  const words = [
    'curl -s',
    method === 'GET' || (method === 'POST' && json) ? '' : method === 'HEAD' ? '-I' : `-X ${method}`,
    ...Object.entries(draft.headers).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    json ? `--json ${quote(compact(draft.body ?? ''))}` : '',
    streamed ? '-T -' : '',
    /stream|ndjson/.test(route.media?.mediaType ?? '') && draft.form === 'raw' ? '-N' : '',
    quote(location.host + target),
  ];
  const line = words.filter(Boolean).join(' ');
  if (!streamed) return line;
  const source =
    typeof draft.upload === 'number'
      ? `head -c ${draft.upload} /dev/zero`
      : `printf %s ${quote(draft.upload ?? '')}`;
  return `${source} | ${line}`;
}

function compact(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}

/** In quotes only where a shell would stumble. */
function quote(text: string): string {
  return /^[\w./:=,@%+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
