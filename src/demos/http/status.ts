import { STATUS_CODES } from 'node:http';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { rawRoute } from '../demo.ts';

const expected = 'must be a whole number from 200 to 599';

/** Headers that RFC 9110 demands of an answer with this status. */
const demanded: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  // Not Basic: a browser would ask its user for a name and a password.
  401: { 'WWW-Authenticate': 'Bearer realm="exemplar"' },
  405: { Allow: 'GET, HEAD, OPTIONS' },
  407: { 'Proxy-Authenticate': 'Basic realm="exemplar"' },
  416: { 'Content-Range': 'bytes */0' },
  426: { Upgrade: 'HTTP/2', Connection: 'Upgrade' },
  429: { 'Retry-After': '1' },
  503: { 'Retry-After': '1' },
};
const withLocation = new Set([201, 300, 301, 302, 303, 305, 307, 308]);
/** These have no body, whatever is given to them. */
const withoutBody = new Set([204, 205, 304]);

export const statusRoute = rawRoute({
  method: 'get',
  path: '/status/:code',
  summary: 'Answers with the status that was asked for, as that status wants to be answered.',
  teaches:
    'A status is a promise about the rest of the answer: 204 and 304 have no body, 206 says which part it is, 401 names a scheme, 405 what is allowed, 201 and 3xx a place; errors are problems.',
  params: z.object({
    code: z
      .string()
      .regex(/^[2-5]\d\d$/, { error: expected })
      .transform(Number)
      .describe('The status, from 200 to 599'),
  }),
  response: { mediaType: 'application/json', description: 'The status in words; a problem from 400 on' },
  examples: [
    { title: 'Nothing to say', params: { code: 204 }, curl: '-i', status: 204 },
    { title: 'A place to go', params: { code: 308 }, curl: '-i', status: 308 },
    { title: 'Who are you', params: { code: 401 }, curl: '-i', status: 401 },
    { title: 'A gateway fails', params: { code: 502 }, status: 502 },
  ],
  contrasts: ['failures/teapot', 'http/redirect'],
  send({ params: { code }, res }) {
    const headers = demanded[code] ?? {};
    if (code >= 400) throw Problem.ofStatus(code, { detail: `Status ${code} was asked for.`, headers });
    res.status(code).set('Cache-Control', 'no-store');
    if (withLocation.has(code)) res.set('Location', '/demos/http/anything');
    if (withoutBody.has(code)) res.end();
    else {
      const body = JSON.stringify({ status: code, title: STATUS_CODES[code] ?? 'Unknown status' });
      // A part that is the whole: a 206 has to say which part it is.
      if (code === 206) res.set('Content-Range', `bytes 0-${body.length - 1}/${body.length}`);
      res.type('json').send(body);
    }
  },
});
