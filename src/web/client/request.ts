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
  const target = toTarget(route, draft);
  const headers = new Map(givenHeaders(draft).map(([name, value]) => [name.toLowerCase(), value]));
  const otherwise = (name: string, value: string) => {
    if (!headers.has(name)) headers.set(name, value);
  };
  if (draft.form === 'json' && route.evidence) otherwise('accept', 'application/json');
  else if (draft.form === 'raw') otherwise('accept', '*/*');
  const { json, upload } = bodyOf(draft);
  let blob: Blob | undefined;
  if (json !== undefined) otherwise('content-type', 'application/json');
  if (upload !== undefined) otherwise('content-type', route.stream?.mediaType ?? 'application/octet-stream');
  return {
    method: draft.method,
    target,
    headers: Object.fromEntries(headers),
    // Made when it is sent: it may be large, and the line for a terminal is shown anew with each change of the form.
    get body() {
      return upload === undefined ? json : (blob ??= new Blob([toBytes(upload)]));
    },
    curl: toCurl(route, draft, target),
    whole: route.evidence && draft.form === 'json',
  };
}

/** Headers that a browser sets itself, whatever a page says: https://fetch.spec.whatwg.org/#forbidden-request-header */
const ownToBrowsers =
  /^(accept-(charset|encoding)|access-control-request-.*|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/i;

/** Whether a header can be sent from a terminal alone. */
export function isOwnToBrowsers(name: string): boolean {
  return ownToBrowsers.test(name);
}

function givenHeaders({ headers }: Draft): [string, string][] {
  return Object.entries(headers).filter(([, value]) => value !== '');
}

/** What is sent beside the headers, where the method allows it. */
function bodyOf({ method, body, upload }: Draft): { json?: string | undefined; upload?: Draft['upload'] } {
  return method === 'GET' || method === 'HEAD' ? {} : { json: body, upload };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\' };

/** So many zeros, or what `printf` makes of a text. */
function toBytes(upload: string | number): Uint8Array<ArrayBuffer> {
  if (typeof upload === 'number') return new Uint8Array(upload);
  const encoder = new TextEncoder();
  const parts = upload.split(/(\\[0-7]{1,3}|\\[nrt\\])/).map((part) => {
    const octal = /^\\([0-7]+)$/.exec(part)?.[1];
    if (octal !== undefined) return [Number.parseInt(octal, 8) & 0xff];
    const escaped = part.length === 2 && part.startsWith('\\') ? escapes[part.charAt(1)] : undefined;
    return [...encoder.encode(escaped ?? part)];
  });
  return new Uint8Array(parts.flat());
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
  const { json, upload } = bodyOf(draft);
  const words = [
    'curl -s',
    method === 'GET' || (method === 'POST' && json !== undefined)
      ? ''
      : method === 'HEAD'
        ? '-I'
        : `-X ${method}`,
    ...givenHeaders(draft).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    json === undefined ? '' : `--json ${quote(compact(json))}`,
    upload === undefined ? '' : '-T -',
    /stream|ndjson/.test(route.media?.mediaType ?? '') && draft.form === 'raw' ? '-N' : '',
    quote(location.host + target),
  ];
  const line = words.filter(Boolean).join(' ');
  if (upload === undefined) return line;
  const source =
    typeof upload === 'number'
      ? `head -c ${upload} /dev/zero`
      : `printf ${upload.startsWith('-') ? '-- ' : ''}${quote(upload.replaceAll('%', '%%'))}`;
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
