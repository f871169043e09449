/** Routes that use the threads and children of the demos. */
import { z } from 'zod';
import { defineRoute, type Route } from '../../../src/routes/route.ts';
import { startPrintingChild, startStubbornChild } from './children.ts';
import { runHungryThread } from './threads.ts';

const text = { mediaType: 'text/plain', description: 'Text' } as const;
const examples = [{ title: 'Defaults' }] as const;

export const heavyRoutes: readonly Route[] = [
  defineRoute({
    method: 'post',
    path: '/hungry-thread',
    title: 'Exhaust a thread',
    summary: 'Runs a thread until it exceeds its heap limit, by small objects or by one growing array.',
    query: z.object({ how: z.enum(['pieces', 'array']) }),
    response: z.void(),
    examples,
    handler: ({ query, signal }) => runHungryThread(query.how, signal),
  }),
  defineRoute({
    method: 'get',
    path: '/stubborn-child',
    title: 'Start a stubborn child',
    summary: 'Starts a child and a grandchild that ignore SIGTERM.',
    response: text,
    examples,
    handler: ({ signal, res }) => startStubbornChild(signal, res),
  }),
  defineRoute({
    method: 'get',
    path: '/printing-child',
    title: 'Send the output of a child',
    summary: 'Starts a child that prints n MB.',
    query: z.object({ n: z.coerce.number().int().min(0).max(1_000_000).default(100) }),
    response: text,
    examples,
    handler: ({ query, signal, res }) => startPrintingChild(query.n, signal, res),
  }),
];
