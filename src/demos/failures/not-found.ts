import { Problem } from '../../http/problem.ts';
import { rawRoute } from '../kit/demo.ts';
import { errorResponse } from './error-response.ts';

export const notFoundRoute = rawRoute({
  method: 'get',
  path: '/not-found',
  title: 'Report a missing resource',
  summary: 'Responds with 404 for a missing resource, as for an unknown path.',
  teaches: 'A missing resource and an unknown path have the same status and code: clients handle both alike.',
  response: errorResponse,
  examples: [{ title: 'A 404', status: 404 }],
  contrasts: ['failures/teapot', 'failures/hidden'],
  send() {
    throw new Problem('not-found', { detail: 'The route exists; the requested resource does not.' });
  },
});
