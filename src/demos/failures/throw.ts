import { rawRoute } from '../kit/demo.ts';
import { errorResponse, otherSources } from './error-response.ts';
import { observeOrigin, originObserved } from './observe-origin.ts';
import { origins } from './origins.ts';

export const throwRoute = rawRoute({
  method: 'get',
  path: '/throw',
  title: 'Throw in an async handler',
  summary: 'Throws an operational error after an await; it reaches the central error handler.',
  teaches:
    'Express 5 passes the rejection of an async handler to the error handler. No handler needs a wrapper or a try/catch ' +
    'of its own for that.',
  response: errorResponse,
  examples: [
    { title: 'A conflict', status: 409 },
    { title: 'The right and the wrong way', query: { as: 'text' } },
  ],
  contrasts: otherSources('throw'),
  observed: originObserved,
  observe: (call) => observeOrigin('throw', call),
  send: ({ res }) => origins.throw.right(res),
});
