import { readFile } from 'node:fs';
import { rawRoute } from '../kit/demo.ts';
import { conflict, errorResponse, otherSources } from './error-response.ts';

export const callbackRoute = rawRoute({
  method: 'get',
  path: '/callback',
  title: 'Fail in a callback',
  summary: 'Turns the error of an error-first callback into a rejection, which reaches the error handler.',
  teaches:
    'An exception thrown in an asynchronous callback has no caller that could catch it: it becomes an uncaught exception. ' +
    'Reject a promise instead, or use the promise API.',
  response: errorResponse,
  examples: [{ title: 'A conflict', status: 409 }],
  contrasts: otherSources('callback'),
  send: () =>
    new Promise((resolve, reject) => {
      readFile(new URL('./no-such-file', import.meta.url), (error, content) => {
        if (error === null) resolve(content);
        else reject(conflict('readFile passed an error to its callback.', error));
      });
    }),
});
