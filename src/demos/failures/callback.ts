import { rawRoute } from '../kit/demo.ts';
import { errorResponse, otherSources } from './error-response.ts';
import { observeOrigin, originObserved } from './observe-origin.ts';
import { origins } from './origins.ts';

export const callbackRoute = rawRoute({
  method: 'get',
  path: '/callback',
  title: 'Fail in a callback',
  summary: 'Turns the error of an error-first callback into a rejection, which reaches the error handler.',
  teaches:
    'An exception thrown in an asynchronous callback has no caller that could catch it: it becomes an uncaught exception. ' +
    'Reject a promise instead, or use the promise API.',
  response: errorResponse,
  examples: [
    { title: 'A conflict', status: 409 },
    { title: 'The right and the wrong way', query: { as: 'text' } },
  ],
  contrasts: otherSources('callback'),
  observed: originObserved,
  observe: (call) => observeOrigin('callback', call),
  send: ({ res }) => origins.callback.right(res),
});
