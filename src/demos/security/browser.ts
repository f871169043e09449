import type { ReceivedResponse } from '../kit/measure/loopback.ts';

/** What a page lets its browser send along: nothing of the user, or the cookies. */
export type Credentials = 'omit' | 'include';

/**
 * Whether a browser lets a page read a response: https://fetch.spec.whatwg.org/#concept-cors-check
 *
 * @param origin the page's, as the browser has sent it
 */
export function mayRead({ headers }: ReceivedResponse, origin: string, credentials: Credentials): boolean {
  const allowed = headers['access-control-allow-origin'];
  if (credentials === 'omit') return allowed === '*' || allowed === origin;
  return allowed === origin && headers['access-control-allow-credentials'] === 'true';
}

/**
 * Whether a browser sends the request that this preflight was about:
 * https://fetch.spec.whatwg.org/#cors-preflight-fetch
 */
export function maySend(
  preflight: ReceivedResponse,
  { method, origin, credentials }: { method: string; origin: string; credentials: Credentials },
): boolean {
  const methods = (preflight.headers['access-control-allow-methods'] ?? '').split(/\s*,\s*/);
  const listed = methods.includes(method) || (credentials === 'omit' && methods.includes('*'));
  const ok = preflight.status >= 200 && preflight.status < 300;
  return ok && listed && mayRead(preflight, origin, credentials);
}
