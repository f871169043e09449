import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { rawRoute } from '../kit/demo.ts';
import { requestedProblem } from '../kit/requested-problem.ts';

const expected = 'must be a whole number from 200 to 599';

const withLocation = new Set([201, 300, 301, 302, 303, 305, 307, 308]);
const withoutBody = new Set([204, 205, 304]);

export const statusRoute = rawRoute({
  method: 'get',
  path: '/status/:code',
  title: 'Respond with any status',
  summary: 'Responds with the requested status, and with the headers and body that belong to it.',
  teaches:
    'A status determines the rest of the response. 204, 205 and 304 have no body; 401 requires `WWW-Authenticate`, 405 ' +
    '`Allow`, and 206 with a single part `Content-Range`. Redirects, and often 201, have a `Location`.',
  params: z.object({
    code: z
      .string()
      .regex(/^[2-5]\d\d$/, { error: expected })
      .transform(Number)
      .describe('The status, from 200 to 599'),
  }),
  response: {
    mediaType: 'application/json',
    description: 'The status and its reason phrase; problem details for 400 and above',
  },
  examples: [
    { title: 'No content', params: { code: 204 }, curl: '-i', status: 204 },
    { title: 'Permanent redirect', params: { code: 308 }, curl: '-i', status: 308 },
    { title: 'Authentication required', params: { code: 401 }, curl: '-i', status: 401 },
    { title: 'Bad gateway', params: { code: 502 }, status: 502 },
  ],
  contrasts: ['failures/teapot', 'http/redirect'],
  send({ params: { code }, res }) {
    if (code >= 400) throw requestedProblem(code);
    res.status(code).set('Cache-Control', 'no-store');
    if (withLocation.has(code)) res.set('Location', '/demos/http/anything');
    if (withoutBody.has(code)) res.end();
    else {
      const body = JSON.stringify({ status: code, title: STATUS_CODES[code] ?? 'Unknown status' });
      // The part is the whole body here.
      if (code === 206) res.set('Content-Range', `bytes 0-${body.length - 1}/${body.length}`);
      res.type('json').send(body);
    }
  },
});
