import type { Demo } from '../kit/demo.ts';
import { cost } from './cost.ts';
import { order } from './order.ts';
import { shortCircuit } from './short-circuit.ts';

export const middleware = {
  id: 'middleware',
  title: 'Middleware',
  summary:
    'Shows the layers that a request passes through: their order, kind and duration, how one ends the chain, and what they cost.',
  teaches:
    'A request passes through a chain of layers, in the order in which they were added. Each layer calls the next one, responds or ' +
    'fails. After a response the following layers do not run; an error skips to the next error handler.',
  lookFor:
    '`layers` has the order of `src/app.ts`. `tookMs` ends when the next layer is called: work on the way back, such as ' +
    'compressing or logging the response, is not included. In `cost`, compare `addedNs`.',
  terms: [
    'middleware chain',
    'next()',
    'error-handling middleware',
    'router-level middleware',
    'third-party middleware',
    'short-circuit',
    'diagnostics channel',
  ],
  readMore: [
    {
      title: 'Anatomy of an HTTP transaction',
      url: 'https://nodejs.org/en/learn/http/anatomy-of-an-http-transaction',
    },
    { title: 'Diagnostics channel', url: 'https://nodejs.org/api/diagnostics_channel.html' },
    { title: "The 'finish' event of a response", url: 'https://nodejs.org/api/http.html#event-finish' },
  ],
  practices: ['2.4'],
  routes: [order, shortCircuit, cost],
} satisfies Demo;
