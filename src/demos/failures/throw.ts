import { setTimeout as sleep } from 'node:timers/promises';
import { rawRoute } from '../kit/demo.ts';
import { conflict, errorResponse, otherSources } from './error-response.ts';

export const throwRoute = rawRoute({
  method: 'get',
  path: '/throw',
  title: 'Throw in an async handler',
  summary: 'Throws an operational error after an await; it reaches the central error handler.',
  teaches:
    'Express 5 passes the rejection of an async handler to the error handler. No handler needs a wrapper or a try/catch ' +
    'of its own for that.',
  response: errorResponse,
  examples: [{ title: 'A conflict', status: 409 }],
  contrasts: otherSources('throw'),
  async send() {
    await sleep(1); // the error must come from an asynchronous part
    throw conflict('This was thrown on purpose, after an await.');
  },
});
