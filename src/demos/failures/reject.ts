import { rawRoute } from '../kit/demo.ts';
import { conflict, errorResponse, otherSources } from './error-response.ts';

export const rejectRoute = rawRoute({
  method: 'get',
  path: '/reject',
  title: 'Translate a rejection',
  summary: 'Catches a rejected promise with `.catch`, translates the error and rethrows it.',
  teaches:
    'A `.catch` that only logs swallows the error, and its callers continue as if the call had succeeded. Throw a ' +
    'translated error with the original as its cause.',
  response: errorResponse,
  examples: [{ title: 'A conflict', status: 409 }],
  contrasts: otherSources('reject'),
  send: () =>
    Promise.reject(new Error('the lower layer failed')).catch((cause: unknown) => {
      throw conflict('A promise was rejected, and .catch translated the error.', cause);
    }),
});
