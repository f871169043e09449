import type { Demo } from '../kit/demo.ts';
import { compareRoute } from './compare.ts';
import { negotiateRoute } from './negotiate.ts';

export const compression = {
  id: 'compression',
  title: 'Compression',
  summary: 'Compares encodings and levels by size and CPU time, and shows which encoding a client receives.',
  teaches:
    'Compression trades CPU time for bytes on the wire. Which level is worth it depends on how often the result is sent; ' +
    'leave small or already compressed content alone. Practice 5.3 of nodebestpractices delegates compression to a reverse ' +
    'proxy, which saves this CPU time in the service. Without such a proxy, the service compresses its own responses.',
  lookFor:
    '`percentOfOriginal` against `cpuMs`, and the lowest `deliveredMs`: beyond that level more CPU time does not pay off.',
  terms: [
    'content coding',
    'content negotiation',
    'Accept-Encoding',
    'Vary',
    'compression level',
    'Brotli',
    'Zstandard',
  ],
  readMore: [
    {
      title: 'Compressing HTTP requests and responses',
      url: 'https://nodejs.org/api/zlib.html#compressing-http-requests-and-responses',
    },
    { title: 'RFC 9110, Accept-Encoding', url: 'https://www.rfc-editor.org/rfc/rfc9110#section-12.5.3' },
    { title: 'RFC 9110, Vary', url: 'https://www.rfc-editor.org/rfc/rfc9110#section-12.5.5' },
  ],
  practices: [],
  routes: [compareRoute, negotiateRoute],
} satisfies Demo;
