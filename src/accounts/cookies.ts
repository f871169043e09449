/**
 * Cookies that only this host sets and gets, over HTTPS. Browsers refuse a cookie with such a name if another host, another
 * path or plain HTTP sets it: https://www.rfc-editor.org/rfc/rfc6265#section-4.1.2
 */
import type { Request, Response } from 'express';
import { isLoopback } from '../http/foreign-request.ts';
import { Problem } from '../http/problem.ts';

export const SESSION_COOKIE = '__Host-session';
export const BROWSER_COOKIE = '__Host-browser';

type CookieName = typeof SESSION_COOKIE | typeof BROWSER_COOKIE;

const ATTRIBUTES = 'Path=/; Secure; HttpOnly; SameSite=Lax';
/** As `createSecret` makes them. */
const VALUE = /^[\w-]{43}$/;

/** @returns undefined if there is none that this service can have set, or more than one */
export function readCookie({ headers }: Pick<Request, 'headers'>, name: CookieName): string | undefined {
  const values = (headers.cookie ?? '')
    .split(/; */)
    .filter((pair) => pair.startsWith(`${name}=`))
    .map((pair) => pair.slice(name.length + 1));
  const [value = ''] = values;
  return values.length === 1 && VALUE.test(value) ? value : undefined;
}

/** @param maxAgeS without it, the browser forgets the cookie when it is closed */
export function setCookie(res: Response, name: CookieName, value: string, maxAgeS?: number): void {
  const maxAge = maxAgeS === undefined ? '' : `; Max-Age=${maxAgeS}`;
  res.append('Set-Cookie', `${name}=${value}; ${ATTRIBUTES}${maxAge}`);
}

export function clearCookie(res: Response, name: CookieName): void {
  setCookie(res, name, '', 0);
}

/**
 * Whether cookies and passwords of this request cannot be read on the way: over HTTPS, here or at a trusted proxy; in
 * development also on this machine, where browsers and curl send such cookies over plain HTTP (Safari does not).
 */
export function isConfidential(req: Request, production: boolean): boolean {
  return req.secure || (!production && isLoopback(req.socket.localAddress ?? ''));
}

/** @throws {Problem} `forbidden` */
export function requireConfidential(req: Request, production: boolean): void {
  if (isConfidential(req, production)) return;
  throw new Problem('forbidden', {
    detail: 'Use HTTPS. Behind a proxy that does, set TRUST_PROXY.',
  });
}
