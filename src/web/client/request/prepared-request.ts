import { quote } from '../../../manifest/shell-quote.ts';
import type { PageFeature, PageRoute } from '../../page-data.ts';
import { toPattern } from '../demos/catalog.ts';
import { firstDraft, type Draft } from './draft.ts';

/** A request for the browser, and as a command for a terminal. */
export interface Prepared {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Blob | undefined;
  readonly curl: string;
  /** Whether the response is useful only when it is complete. */
  readonly whole: boolean;
  readonly creation: Creation | undefined;
  /** Whether a redirect is followed. Defaults to false. */
  readonly follow?: boolean;
}

/** The request that creates what another request is about. */
interface Creation {
  readonly request: Prepared;
  /** The other request, for the path of what was created; undefined if that is not a path of its route. */
  locate(path: string): Prepared | undefined;
}

interface Endpoint {
  readonly feature: Pick<PageFeature, 'routes'>;
  readonly route: PageRoute;
}

/**
 * Prepares the request of a draft. Empty values are omitted.
 *
 * @param origin of the curl command: a host, with its scheme if that is not HTTP
 * @param onCreated called with the path parameters of what the first request created
 */
export function prepare(
  endpoint: Endpoint,
  draft: Draft,
  origin: string,
  onCreated?: (params: Readonly<Record<string, string>>) => void,
): Prepared {
  const { route } = endpoint;
  const headers = new Map(sentHeaders(draft).map(([name, value]) => [name.toLowerCase(), value]));
  const setDefault = (name: string, value: string) => {
    if (!headers.has(name)) headers.set(name, value);
  };
  if (draft.form === 'json' && route.evidence) setDefault('accept', 'application/json');
  else if (draft.form === 'raw') setDefault('accept', '*/*');
  const { json, upload } = bodyOf(draft);
  let blob: Blob | undefined;
  if (json !== undefined) setDefault('content-type', 'application/json');
  if (upload !== undefined) setDefault('content-type', route.stream?.mediaType ?? 'application/octet-stream');
  const creator = creatorOf(endpoint, draft);
  return {
    method: draft.method,
    target: toTarget(route, draft),
    headers: Object.fromEntries(headers),
    // Created when it is sent: it may be large, and every change of the form prepares the request for its curl command.
    get body() {
      return upload === undefined ? json : (blob ??= new Blob([toBytes(upload)]));
    },
    curl: toCurl(endpoint, draft, origin),
    whole: route.evidence && draft.form === 'json',
    creation: creator && {
      request: prepare(creator, firstDraft(creator.route), origin),
      locate(path) {
        const groups = toPattern(route.path).exec(path + belowCreated(route))?.groups;
        if (groups === undefined) return undefined;
        const params = Object.fromEntries(
          Object.entries(groups).map(([name, value]) => [name, decodeURIComponent(value)]),
        );
        onCreated?.(params);
        return prepare(endpoint, { ...draft, params, createdBy: undefined }, origin);
      },
    },
  };
}

function creatorOf({ feature }: Endpoint, { createdBy }: Draft): Endpoint | undefined {
  const route = feature.routes.find(({ method, path }) => `${method} ${path}` === createdBy);
  return route && { feature, route };
}

/** https://fetch.spec.whatwg.org/#forbidden-request-header */
const forbidden =
  /^(accept-(charset|encoding)|access-control-request-.*|connection|content-length|cookie2?|date|dnt|expect|host|keep-alive|origin|referer|te|trailer|transfer-encoding|upgrade|via|proxy-.*|sec-.*)$/i;

/** Whether browsers set a header themselves and ignore the value that a page sets. */
export function isForbiddenHeader(name: string): boolean {
  return forbidden.test(name);
}

function sentHeaders({ headers }: Draft): [string, string][] {
  return Object.entries(headers).filter(([, value]) => value !== '');
}

/** The body, if the method allows one. */
function bodyOf({ method, body, upload }: Draft): { json?: string | undefined; upload?: Draft['upload'] } {
  return method === 'GET' || method === 'HEAD' ? {} : { json: body, upload };
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '\\': '\\' };

/** A number of zeros, or the output of `printf` for a text. */
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
  const sent = new URLSearchParams(Object.entries(query).filter(([, value]) => value !== ''));
  if (route.evidence && form === 'text') sent.set('as', 'text');
  if (route.media !== undefined && route.evidence && form === 'json') sent.set('as', 'json');
  const text = sent.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** The command for a terminal, with its options in the order of the server's index. */
function toCurl(endpoint: Endpoint, draft: Draft, origin: string, options = ''): string {
  const { method } = draft;
  const { json, upload } = bodyOf(draft);
  const creator = creatorOf(endpoint, draft);
  const locationOnly = "-o /dev/null -w '%header{location}'";
  const words = [
    'curl -s',
    method === 'GET' || (method === 'POST' && json !== undefined)
      ? ''
      : method === 'HEAD'
        ? '-I'
        : `-X ${method}`,
    ...sentHeaders(draft).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    json === undefined ? '' : `--json ${quote(compact(json))}`,
    upload === undefined ? '' : '-T -',
    /stream|ndjson/.test(endpoint.route.media?.mediaType ?? '') && draft.form === 'raw' ? '-N' : '',
    options,
    creator === undefined
      ? quote(origin + toTarget(endpoint.route, draft))
      : `${quote(origin)}$(${toCurl(creator, firstDraft(creator.route), origin, locationOnly)})${belowCreated(endpoint.route)}`,
  ];
  const command = words.filter(Boolean).join(' ');
  if (upload === undefined) return command;
  const source =
    typeof upload === 'number'
      ? `head -c ${upload} /dev/zero`
      : `printf ${upload.startsWith('-') ? '-- ' : ''}${quote(upload.replaceAll('%', '%%'))}`;
  return `${source} | ${command}`;
}

/** The part of a path below what was created, which the `Location` header names: `/:id`. */
function belowCreated({ path }: Pick<PageRoute, 'path'>): string {
  return path.replace(/^.*?:\w+/, '');
}

function compact(json: string): string {
  try {
    return JSON.stringify(JSON.parse(json));
  } catch {
    return json;
  }
}
