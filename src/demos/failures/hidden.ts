import { rawRoute } from '../kit/demo.ts';
import { errorResponse } from './error-response.ts';
import { observeOrigin, originObserved } from './observe-origin.ts';
import { origins } from './origins.ts';

export const hiddenRoute = rawRoute({
  method: 'get',
  path: '/hidden',
  title: 'Hide a programming error',
  summary: 'Fails with a programming error: the 500 response contains only the id of the request.',
  teaches:
    'The message of an unexpected error may contain a path, a query or a secret. It belongs in the log, not in the ' +
    'response.',
  response: errorResponse,
  examples: [
    { title: 'A 500; the log has the reason', status: 500 },
    { title: 'The right and the wrong way', query: { as: 'text' } },
  ],
  contrasts: ['failures/throw', 'failures/validation'],
  observed: originObserved,
  observe: (call) => observeOrigin('hidden', call),
  send: ({ res }) => origins.hidden.right(res),
});
