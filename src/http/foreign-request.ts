import type { IncomingMessage } from 'node:http';
import type { Request } from 'express';
import { Problem } from './problem.ts';

const LOOPBACK_ADDRESS = /^(?:::ffff:)?127\.|^::1$/;
const LOOPBACK_HOST = /^(?:(?:[a-z0-9-]+\.)*localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d*)?$/i;

/** @param address of a socket */
export function isLoopback(address: string): boolean {
  return LOOPBACK_ADDRESS.test(address);
}

/**
 * Whether a page of another origin made this request with a user's browser. Clients other than browsers send neither
 * header, and are not affected.
 *
 * It checks `Sec-Fetch-Site`, which browsers send in secure contexts only, and `Origin` otherwise.
 *
 * @param host the host that the service was addressed as; undefined if it serves no pages
 */
export function isCrossSite(
  { headers }: Pick<IncomingMessage, 'headers'>,
  host: string | undefined,
): boolean {
  const { 'sec-fetch-site': site, origin } = headers;
  if (site !== undefined) return site !== 'same-origin' && site !== 'none';
  return origin !== undefined && !(URL.canParse(origin) && new URL(origin).host === host);
}

/**
 * Rejects requests that a page of another origin makes with a user's browser, whatever their method.
 *
 * What browsers say is no help if the page's own name resolves to this machine (DNS rebinding): on a loopback address,
 * the Host header must name it.
 *
 * @param host the host that the service was addressed as; undefined if it serves no pages
 * @param proxied whether a trusted proxy sent the request: then it has another host's name, and the proxy is local
 * @throws {Problem} `forbidden` or `cross-site`
 */
export function rejectForeign(
  request: Pick<IncomingMessage, 'headers' | 'socket'>,
  host: string | undefined,
  proxied = false,
): void {
  const { headers, socket } = request;
  const local = !proxied && isLoopback(socket.localAddress ?? '');
  if (local && !LOOPBACK_HOST.test(headers.host ?? '')) {
    throw new Problem('forbidden', { detail: 'Address this machine as localhost, 127.0.0.1 or [::1].' });
  }
  if (isCrossSite(request, host)) throw crossSite();
}

/** The error response to a page of another origin. */
export function crossSite(): Problem {
  return new Problem('cross-site', { detail: 'Cross-site requests are not allowed.' });
}

/** The same for a route. @throws {Problem} `forbidden` or `cross-site` */
export function rejectForeignCaller(req: Request): void {
  const trusts = req.app.get('trust proxy fn') as (address: string | undefined, hops: number) => boolean;
  rejectForeign(req, req.host, trusts(req.socket.remoteAddress, 0));
}
