import type { Demo } from '../demo.ts';
import { anythingRoute } from './anything.ts';
import { cacheRoute } from './cache.ts';
import { cookiesRoute } from './cookies.ts';
import { delayRoute } from './delay.ts';
import { redirectRoute } from './redirect.ts';
import { statusRoute } from './status.ts';

export const http = {
  id: 'http',
  title: 'HTTP',
  summary: 'Methods, statuses, delays, redirects, conditions and cookies, each as the protocol wants it.',
  teaches:
    'An answer is more than its body: a status promises what else is there, conditions spare a body that is known, and ' +
    'whatever a client sent may be forged.',
  lookFor: 'curl -i shows the headers, which are most of the lesson here.',
  practices: ['6.24'],
  routes: [anythingRoute, statusRoute, delayRoute, redirectRoute, cacheRoute, cookiesRoute],
} satisfies Demo;
