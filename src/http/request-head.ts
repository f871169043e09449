/**
 * The head of a request by RFC 9110 and RFC 9112. Node.js's parser is more lenient: it accepts any version, any Host
 * header and every form of target for every method.
 */
import type { IncomingMessage } from 'node:http';
import { isIPv6 } from 'node:net';
import { Problem, type ProblemCode } from './problem.ts';

/** Scheme, host with port, and the rest of a target in absolute form. A user name and password are ignored. */
const absoluteForm = /^([a-z][a-z0-9+.-]*):\/\/(?:[^/?#@]*@)?([^/?#]*)(|[/?#].*)$/is;

/**
 * Replaces a target in absolute form, as clients send it to a proxy, by its path and query, and the Host header by its
 * host. The authority that CONNECT names becomes `/`. Call it first: layers compare paths, and a password in the target
 * must not get into a log. https://www.rfc-editor.org/rfc/rfc9112#section-3.2
 */
export function convertTarget(req: IncomingMessage): void {
  if (req.method === 'CONNECT') {
    req.url = '/';
    return;
  }
  if (req.url?.startsWith('/') === true) return; // nearly every request
  const [, scheme, host, rest] = absoluteForm.exec(req.url ?? '') ?? [];
  if (scheme === undefined || host === undefined || rest === undefined) return;
  req.url = rest.startsWith('/') ? rest : `/${rest}`;
  // No host is valid for another scheme, so checkHead() rejects the request.
  req.headers.host = /^https?$/i.test(scheme) ? host : '';
}

/** Headers with one value at most. Node.js keeps the first of several; a proxy in front may have used another one. */
const singleHeaders = new Set([
  'authorization',
  'content-length',
  'content-type',
  'host',
  'idempotency-key',
  'if-modified-since',
  'if-range',
  'if-unmodified-since',
  'origin',
  'range',
]);

/**
 * Checks version, Host, target, framing and expectation, after convertTarget().
 *
 * @throws {Problem} which closes the connection if the client and this server may disagree where the request ends
 */
export function checkHead(req: IncomingMessage): void {
  const { httpVersion, method, headers, url = '' } = req;
  if (httpVersion !== '1.1' && httpVersion !== '1.0') {
    throw fatal('http-version-not-supported', 'The supported versions are HTTP/1.1 and HTTP/1.0.');
  }
  const repeated = repeatedHeader(req);
  if (repeated !== undefined) throw fatal('bad-request', `The header ${repeated} may be sent only once.`);
  if (headers.host === undefined ? httpVersion === '1.1' : !isHost(headers.host)) {
    throw fatal('bad-request', 'A valid Host header is required: a name or an address, and possibly a port.');
  }
  checkFraming(httpVersion, headers['transfer-encoding']);
  if (method === 'CONNECT') throw fatal('not-implemented', 'This server is not a proxy.');
  if (!url.startsWith('/') && !(url === '*' && method === 'OPTIONS')) {
    throw fatal('bad-request', 'The request target must be a path, or the URL of this server.');
  }
  // An HTTP/1.0 client cannot expect anything: https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
  const expected = httpVersion === '1.1' ? headers.expect : undefined;
  if (expected !== undefined && expected.toLowerCase() !== '100-continue') {
    throw new Problem('expectation-failed', { detail: 'The only supported expectation is 100-continue.' });
  }
}

/** https://www.rfc-editor.org/rfc/rfc9112#section-6.1 */
function checkFraming(httpVersion: string, transferEncoding: string | undefined): void {
  if (transferEncoding === undefined) return;
  if (httpVersion === '1.0') throw fatal('bad-request', 'HTTP/1.0 has no Transfer-Encoding.');
  if (transferEncoding.trim().toLowerCase() !== 'chunked') {
    throw fatal('not-implemented', 'The only supported transfer coding is chunked.');
  }
}

function fatal(code: ProblemCode, detail: string): Problem {
  return new Problem(code, { detail, headers: { Connection: 'close' } });
}

/** @returns the first header that should be sent once and is sent again */
function repeatedHeader({ headers, rawHeaders }: IncomingMessage): string | undefined {
  if (Object.keys(headers).length === rawHeaders.length / 2) return undefined; // as many names as lines
  const seen = new Set<string>();
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]?.toLowerCase() ?? '';
    if (!singleHeaders.has(name)) continue;
    if (seen.has(name)) return name;
    seen.add(name);
  }
  return undefined;
}

/** A name in ASCII, an IPv4 address or an IPv6 address in brackets; then possibly a port. */
const hostForm = /^(?:\[([0-9a-f:.]+)\]|[a-z0-9._~!*+=-]{1,253})(?::(\d{0,5}))?$/i;

/** Most requests name the host of the one before. */
let lastHost: string | undefined;

/**
 * Whether a Host header names a host. Of what RFC 3986 allows in a name, this rejects the characters that separate
 * values or mean something to a shell: a comma, a semicolon, quotes, parentheses, `$`, `&` and `%`.
 */
export function isHost(value: string): boolean {
  if (value === lastHost) return true;
  const match = hostForm.exec(value);
  if (match === null) return false;
  const [, v6, port] = match;
  const valid = (v6 === undefined || isIPv6(v6)) && (port === undefined || Number(port) <= 65_535);
  if (valid) lastHost = value;
  return valid;
}
