/** What the lessons of TLS and HTTP/2 claim. */
import { ms, percent, times } from '../../../src/demos/kit/answer/units.ts';
import type { Claims } from '../claim.ts';
import type { Figures } from '../figures.ts';

/** What a later request takes with HTTP/2, as a part of what it takes with HTTP/1.1. */
function repeatedShare(f: Figures): number {
  const [http1 = NaN, http2 = NaN] = f.column('rows', 'laterBytes');
  return http2 / http1;
}

export const protocolClaims: Claims = {
  'tls/handshake': [
    {
      says: /^TLS 1\.3 saved (\d+) round trips?: (.+) instead of (.+)/,
      holds(f, [saved, short, long]) {
        const [full12, , full13] = f.rows('rows');
        return (
          full12 !== undefined &&
          full13 !== undefined &&
          Math.floor(full12.number('roundTrips')) - Math.floor(full13.number('roundTrips')) ===
            Number(saved) &&
          ms(full13.number('fastestMs')) === short &&
          ms(full12.number('fastestMs')) === long
        );
      },
    },
    {
      says: /A resumed (\S+) session saved/,
      holds: (f, [version]) =>
        f.rows('rows').some((row) => row.text('version') === version && row.number('reused') > 0),
    },
    {
      says: /^This run does not tell how many round trips/,
      holds(f) {
        const trips = f.column('rows', 'roundTrips');
        return trips.some((one) => one % 1 >= 0.6) || Math.floor(trips[0] ?? 0) <= Math.floor(trips[2] ?? 0);
      },
    },
  ],
  'tls/versions': [
    {
      says: /accepted (\d+) of (\d+) unsafe handshakes/,
      holds(f, [accepted, all]) {
        const unsafe = f.rows('rows').filter((row) => !row.is('safe'));
        return (
          unsafe.length === Number(all) &&
          unsafe.filter((row) => row.has('agreed')).length === Number(accepted)
        );
      },
    },
    {
      says: /The safe ones were accepted/,
      holds: (f) => f.rows('rows').every((row) => !row.is('safe') || row.has('agreed')),
    },
  ],
  'tls/certificates': [
    {
      says: /^Verification accepted (\d+) of (\d+) wrong certificates, rejectUnauthorized: false (\d+)/,
      holds(f, [verified, all, unverified]) {
        const wrong = f.rows('rows').filter((row) => !row.is('genuine'));
        const acceptedBy = (client: string) =>
          wrong.filter((row) => row.list('accepted').includes(client)).length;
        return (
          wrong.length === Number(all) &&
          acceptedBy('verifies') === Number(verified) &&
          acceptedBy('accepts all') === Number(unverified)
        );
      },
    },
  ],
  'http2/multiplexing': [
    {
      says: /^One connection of HTTP\/2 was (.+) as fast as (\d+) of HTTP\/1\.1/,
      holds(f, [ratio, connections]) {
        const [, six, http2] = f.rows('rows');
        return (
          six !== undefined &&
          http2 !== undefined &&
          six.number('connections') === Number(connections) &&
          http2.number('connections') === 1 &&
          http2.number('maxAtOnce') > six.number('maxAtOnce') &&
          times(six.number('totalMs') / http2.number('totalMs')) === ratio
        );
      },
    },
    {
      says: /^This run does not tell: HTTP\/2 was not faster/,
      holds(f) {
        const [, six = NaN, http2 = NaN] = f.column('rows', 'totalMs');
        const [, sixAtOnce = NaN, http2AtOnce = NaN] = f.column('rows', 'maxAtOnce');
        return http2 >= six || http2AtOnce <= sixAtOnce;
      },
    },
  ],
  'http2/headers': [
    {
      says: /^A repeated request took (.+) of its bytes with HTTP\/2/,
      holds: (f, [share]) => percent(repeatedShare(f)) === share && repeatedShare(f) < 0.5,
    },
    {
      says: /^HTTP\/2 sent the headers each time: (.+) of the bytes/,
      holds: (f, [share]) => percent(repeatedShare(f)) === share && repeatedShare(f) >= 0.5,
    },
  ],
  'http2/head-of-line': [
    {
      says: /^While one connection stalled, HTTP\/1\.1 delivered (\d+) of (\d+), HTTP\/2 (\d+)/,
      holds(f, [http1, all, http2]) {
        const [delivered1, delivered2] = f.column('rows', 'duringStall');
        return (
          delivered1 === Number(http1) &&
          delivered2 === Number(http2) &&
          f.number('requests') === Number(all) &&
          delivered1 > delivered2
        );
      },
    },
    {
      says: /^This run does not tell: HTTP\/1\.1 delivered no more/,
      holds(f) {
        const [delivered1 = NaN, delivered2 = NaN] = f.column('rows', 'duringStall');
        return delivered1 <= delivered2;
      },
    },
  ],
  'http2/express': [
    {
      says: /^One HTTP\/2 request ended the server with Express/,
      holds(f) {
        const [http1, plain, broken] = f.rows('rows');
        return (
          http1?.is('responded') === true &&
          plain?.is('responded') === true &&
          broken?.is('responded') === false &&
          broken.number('exitCode') > 0
        );
      },
    },
    {
      says: /^Express did not respond over HTTP\/2/,
      holds: (f) => f.rows('rows')[2]?.is('responded') === false,
    },
    {
      says: /^This run does not tell: other servers/,
      holds: (f) =>
        f
          .rows('rows')
          .slice(0, 2)
          .some((row) => !row.is('responded')),
    },
  ],
};
