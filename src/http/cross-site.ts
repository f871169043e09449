import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from './problem.ts';

/**
 * Rejects requests that a page of another site makes with a user's browser. Checks `Sec-Fetch-Site`, which browsers send
 * in secure contexts only, and `Origin` otherwise. Clients other than browsers are not affected.
 *
 * @param host the host that the service was addressed as; undefined if it serves no pages
 * @throws {Problem} `forbidden` for a cross-site request
 */
export function rejectCrossSite(headers: IncomingHttpHeaders, host: string | undefined): void {
  const site = headers['sec-fetch-site'];
  const { origin } = headers;
  const own =
    site === undefined
      ? origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
      : site === 'same-origin' || site === 'none';
  if (!own) throw new Problem('forbidden', { detail: 'Cross-site requests are not allowed.' });
}
