import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from './problem.ts';

/**
 * A page of another site can make a browser send a POST here. Browsers tell where it comes from: newer ones in words,
 * though not to a plain http address in a network, and all by the origin. Whoever is no browser may say what it likes.
 *
 * @param host what this service was addressed as; undefined where it has no pages of its own
 * @throws {Problem} where the request comes from a page of another site
 */
export function refuseOtherSites(headers: IncomingHttpHeaders, host: string | undefined): void {
  const site = headers['sec-fetch-site'];
  const { origin } = headers;
  const own =
    site === undefined
      ? origin === undefined || (URL.canParse(origin) && new URL(origin).host === host)
      : site === 'same-origin' || site === 'none';
  if (!own) throw new Problem('forbidden', { detail: 'Not from a page of another site.' });
}
