import type { Demo } from '../kit/demo.ts';
import { anythingRoute } from './anything.ts';
import { cacheRoute } from './cache.ts';
import { clientRoute } from './client.ts';
import { cookiesRoute } from './cookies.ts';
import { delayRoute } from './delay.ts';
import { doubleChargeRoute } from './double-charge.ts';
import { drainRoute } from './drain.ts';
import { lostUpdateRoute } from './lost-update.ts';
import { redirectRoute } from './redirect.ts';
import { statusRoute } from './status.ts';
import { waitingRoute } from './waiting.ts';

export const http = {
  id: 'http',
  title: 'HTTP',
  summary: 'Methods, status codes, delays, redirects, conditional requests and cookies.',
  teaches:
    'A response is more than its body: its status determines which headers belong to it, and a conditional request saves ' +
    'a body that the client already has. Everything that a client sends may be forged.',
  lookFor: 'The response headers, which `curl -i` shows.',
  terms: [
    'HTTP semantics',
    'conditional request',
    'entity tag (ETag)',
    'revalidation',
    'open redirect',
    'thread per request',
    'virtual threads',
    'Idempotency-Key',
    'optimistic concurrency control',
    'SameSite cookie',
  ],
  readMore: [
    { title: 'RFC 9110, HTTP semantics', url: 'https://www.rfc-editor.org/rfc/rfc9110' },
    { title: 'RFC 9111, HTTP caching', url: 'https://www.rfc-editor.org/rfc/rfc9111' },
    { title: 'RFC 6265, cookies', url: 'https://www.rfc-editor.org/rfc/rfc6265' },
    { title: 'Node.js HTTP', url: 'https://nodejs.org/api/http.html' },
  ],
  practices: ['6.24'],
  routes: [
    anythingRoute,
    statusRoute,
    delayRoute,
    waitingRoute,
    redirectRoute,
    cacheRoute,
    cookiesRoute,
    clientRoute,
    drainRoute,
    doubleChargeRoute,
    lostUpdateRoute,
  ],
} satisfies Demo;
