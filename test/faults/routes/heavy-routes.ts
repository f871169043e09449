/** Routes that hand work to the demos' threads and children. */
import { z } from 'zod';
import { defineRoute } from '../../../src/http/feature.ts';
import { printingChild, stubbornChild } from './children.ts';
import { hungryThread } from './threads.ts';

const base = {
  response: z.void(),
  examples: [{ title: 'As it is' }],
  summary: 'Injects a fault',
} as const;
const text = { mediaType: 'text/plain', description: 'Text' } as const;

export const heavyRoutes = [
  defineRoute({
    ...base,
    method: 'post',
    path: '/hungry-thread',
    query: z.object({ how: z.enum(['pieces', 'array']) }),
    handler: ({ query, signal }) => hungryThread(query.how, signal),
  }),
  defineRoute({
    ...base,
    response: text,
    method: 'get',
    path: '/stubborn-child',
    handler: ({ signal, res }) => stubbornChild(signal, res),
  }),
  defineRoute({
    ...base,
    response: text,
    method: 'get',
    path: '/printing-child',
    query: z.object({ n: z.coerce.number().int().min(0).max(1_000_000).default(100) }),
    handler: ({ query, signal, res }) => printingChild(query.n, signal, res),
  }),
];
