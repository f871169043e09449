import { z } from 'zod';
import { rawRoute, wholeNumber } from '../kit/demo.ts';
import { requestedProblem } from '../kit/requested-problem.ts';
import { errorResponse } from './error-response.ts';

export const teapotRoute = rawRoute({
  method: 'get',
  path: '/teapot',
  title: 'Respond with any error',
  summary: 'Responds with any status from 400 to 599, in the format of all error responses.',
  teaches: 'All errors have the format of RFC 9457, so a client can parse every one with the same code.',
  query: z.object({ status: wholeNumber('Status of the response', { min: 400, max: 599, default: 418 }) }),
  response: errorResponse,
  examples: [
    { title: 'A teapot', status: 418 },
    { title: 'Another status', query: { status: 451 }, status: 451 },
  ],
  contrasts: ['failures/not-found', 'failures/hidden'],
  send({ query: { status } }) {
    throw requestedProblem(status);
  },
});
