import type { Demo } from '../kit/demo.ts';
import { certificates } from './certificates.ts';
import { handshake } from './handshake.ts';
import { versions } from './versions.ts';

export const tls = {
  id: 'tls',
  title: 'TLS',
  summary:
    'Measures what a handshake costs, which versions and ciphers are refused, and what a check of certificates finds.',
  teaches:
    'A handshake costs round trips and CPU time, so connections are kept alive. Old versions and ciphers are refused by ' +
    'Node.js or by its settings. A client that does not verify certificates encrypts, but does not know for whom.',
  lookFor: 'In `handshake`, compare `roundTrips` of the rows; in `certificates`, what each client accepts.',
  terms: [
    'TLS handshake',
    'session resumption',
    'cipher suite',
    'forward secrecy',
    'certificate',
    'rejectUnauthorized',
  ],
  readMore: [
    { title: 'tls', url: 'https://nodejs.org/api/tls.html' },
    {
      title: 'Modifying the default TLS cipher suite',
      url: 'https://nodejs.org/api/tls.html#modifying-the-default-tls-cipher-suite',
    },
    { title: 'tls.connect', url: 'https://nodejs.org/api/tls.html#tlsconnectoptions-callback' },
  ],
  practices: [],
  routes: [handshake, versions, certificates],
} satisfies Demo;
