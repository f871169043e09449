import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Problem } from '../http/problem.ts';
import { demoRoute, rawRoute, type Demo } from './demo.ts';

const problem = {
  mediaType: 'application/problem+json',
  description: 'A problem; the log has the rest',
} as const;

/** Long enough for the answer to be on its way. */
const AFTER_ANSWER_MS = 50;

const brewing = z.strictObject({
  worker: z.strictObject({ pid: z.number() }),
  willHappen: z.string(),
  watch: z.array(z.string()),
});

export const failures = {
  id: 'failures',
  title: 'Where errors go',
  summary: 'Errors of every origin, and the one place where each becomes an answer and a log line.',
  teaches:
    'An operational error is part of the service and becomes a problem answer that says what a caller can do. A ' +
    'programming error is hidden from callers and logged whole. An error outside any request leaves the process in an ' +
    'unknown state: it finishes what it has, ends and is replaced.',
  lookFor:
    'The requestId of the answer finds the log line. After the dangerous ones, see /workers on the management port.',
  practices: ['2.1', '2.2', '2.3', '2.4', '2.6', '2.10'],
  routes: [
    rawRoute({
      method: 'get',
      path: '/throw',
      summary: 'An operational error, thrown in an async handler, reaches the central handler.',
      teaches:
        'Express 5 passes a rejected handler on by itself: no wrapper, no try and catch in each handler.',
      response: problem,
      examples: [{ title: 'A conflict', status: 409 }],
      contrasts: [],
      async send() {
        await sleep(1); // so that the error comes from an asynchronous part
        throw new Problem('conflict', { detail: 'This was thrown on purpose, after an await.' });
      },
    }),
    demoRoute({
      method: 'post',
      path: '/uncaught-exception',
      danger: true,
      summary: 'Throws outside of any request: this worker drains, ends with its own code and is replaced.',
      teaches:
        'After an exception that nobody caught the process cannot be trusted, but what it has begun can be finished.',
      result: brewing,
      examples: [{ title: 'End a worker by an exception' }],
      contrasts: ['failures/unhandled-rejection'],
      run({ res }) {
        res.once('finish', () => {
          setTimeout(() => {
            throw new Error('thrown on purpose, outside of any request');
          }, AFTER_ANSWER_MS);
        });
        return announce('throw outside of any request, drain, and end with exit code 80');
      },
    }),
    demoRoute({
      method: 'post',
      path: '/unhandled-rejection',
      danger: true,
      summary:
        'Rejects a promise that nobody waits for: this worker drains, ends with its own code and is replaced.',
      teaches: 'A forgotten await can end a process: let the linter find floating promises before they do.',
      result: brewing,
      examples: [{ title: 'End a worker by a rejection' }],
      contrasts: ['failures/uncaught-exception'],
      run({ res }) {
        res.once('finish', () => {
          setTimeout(
            () => void Promise.reject(new Error('rejected on purpose, and nobody waits')),
            AFTER_ANSWER_MS,
          );
        });
        return announce('reject a promise that nobody waits for, drain, and end with exit code 81');
      },
    }),
  ],
} satisfies Demo;

function announce(willHappen: string) {
  return {
    result: {
      worker: { pid: process.pid },
      willHappen,
      watch: ['curl -s localhost:3001/workers', 'the log, for event «stopping» and the exit code'],
    },
    lesson: `Process ${process.pid} will ${willHappen}; requests that it has are finished, and another worker takes its place.`,
  };
}
