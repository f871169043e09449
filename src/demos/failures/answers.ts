/** Errors as answers: which faults a caller is told, and which it is not. */
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { demoRoute, rawRoute, wholeNumber } from '../demo.ts';
import { count } from '../evidence/words.ts';
import { problemAnswer } from './origins.ts';

const colours = ['red', 'green', 'blue'] as const;

export const answerRoutes = [
  demoRoute({
    method: 'get',
    path: '/validation',
    summary: 'Checks three fields, and names every one that is wrong in a single 400.',
    teaches: 'Input is checked once, at the edge, against the schema that is also the documentation.',
    query: z.object({
      name: z
        .string({ error: 'must be given' })
        .regex(/^\p{L}[\p{L} '-]{0,49}$/u, { error: 'must be 1 to 50 letters' })
        .describe('A name: letters, spaces, hyphens'),
      age: z.coerce
        .number({ error: 'must be a whole number from 0 to 150' })
        .int({ error: 'must be a whole number from 0 to 150' })
        .min(0, { error: 'must be a whole number from 0 to 150' })
        .max(150, { error: 'must be a whole number from 0 to 150' })
        .describe('An age in years'),
      colour: z.enum(colours, { error: `must be one of ${colours.join(', ')}` }).describe('A colour'),
    }),
    result: z.strictObject({ name: z.string(), age: z.number(), colour: z.enum(colours) }),
    examples: [
      { title: 'Three faults at once', query: { name: '42', age: 'old', colour: 'mauve' }, status: 400 },
      { title: 'Nothing wrong', query: { name: 'Ada', age: 36, colour: 'green' } },
    ],
    contrasts: ['failures/hidden'],
    run({ query }) {
      const { name, age, colour } = query;
      return {
        result: { name, age, colour },
        lesson: `${count(Object.keys({ name, age, colour }).length, 'field')} passed the check, and age arrived as text and left as a ${typeof age}; send wrong ones to see each named in one answer.`,
      };
    },
  }),
  rawRoute({
    method: 'get',
    path: '/not-found',
    summary: 'What was asked for does not exist: a 404 like that of any unknown path.',
    teaches: 'A missing thing and a missing path look the same to a caller, and are the same problem.',
    response: problemAnswer,
    examples: [{ title: 'A 404', status: 404 }],
    contrasts: ['failures/teapot', 'failures/hidden'],
    send() {
      throw new Problem('not-found', { detail: 'The route exists; the thing it was asked for does not.' });
    },
  }),
  rawRoute({
    method: 'get',
    path: '/teapot',
    summary: 'Any status from 400 to 599 as a problem.',
    teaches: 'One shape for all errors: a client can read every one with the same code.',
    query: z.object({ status: wholeNumber('The status to fail with', { min: 400, max: 599, default: 418 }) }),
    response: problemAnswer,
    examples: [
      { title: 'A teapot', status: 418 },
      { title: 'Another status', query: { status: 451 }, status: 451 },
    ],
    contrasts: ['failures/not-found', 'failures/hidden'],
    send({ query: { status } }) {
      throw Problem.ofStatus(status, { detail: `Status ${status} was asked for.` });
    },
  }),
  rawRoute({
    method: 'get',
    path: '/hidden',
    summary: 'A programming error: a 500 that tells the caller nothing but the id of the request.',
    teaches:
      'The message of an unexpected error may hold anything: a path, a query, a secret. It goes to the log only.',
    response: problemAnswer,
    examples: [{ title: 'A 500; the log has the reason', status: 500 }],
    contrasts: ['failures/throw', 'failures/validation'],
    send() {
      const user = undefined as unknown as { readonly password: { readonly length: number } };
      return user.password.length; // a TypeError, as a real mistake would be
    },
  }),
];
