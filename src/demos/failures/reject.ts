import { rawRoute } from '../kit/demo.ts';
import { errorResponse, otherSources } from './error-response.ts';
import { observeOrigin, originObserved } from './observe-origin.ts';
import { origins } from './origins.ts';

export const rejectRoute = rawRoute({
  method: 'get',
  path: '/reject',
  title: 'Translate a rejection',
  summary: 'Catches a rejected promise with `.catch`, translates the error and rethrows it.',
  teaches:
    'A `.catch` that only logs swallows the error, and its callers continue as if the call had succeeded. Throw a ' +
    'translated error with the original as its cause.',
  response: errorResponse,
  examples: [
    { title: 'A conflict', status: 409 },
    { title: 'The right and the wrong way', query: { as: 'text' } },
  ],
  contrasts: otherSources('reject'),
  observed: originObserved,
  observe: (call) => observeOrigin('reject', call),
  send: ({ res }) => origins.reject.right(res),
});
