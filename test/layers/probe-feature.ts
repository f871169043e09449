/** A feature with the responses that layers have to handle. */
import { z } from 'zod';
import type { Feature } from '../../src/routes/feature.ts';
import { defineRoute } from '../../src/routes/route.ts';

const text = 'abc '.repeat(5_000);

export const probe: Feature = {
  id: 'probe',
  base: '/probe',
  title: 'Probe',
  summary: 'Responses for tests.',
  guard: 'public',
  routes: [
    defineRoute({
      method: 'get',
      path: '/large',
      title: 'Large response',
      summary: 'Sends a large response.',
      response: z.object({ text: z.string() }),
      examples: [{ title: 'Large' }],
      handler: () => ({ text }),
    }),
    defineRoute({
      method: 'get',
      path: '/tagged',
      title: 'Entity tag',
      summary: 'Sends a large response with an entity tag.',
      query: z.strictObject({ tag: z.string() }),
      response: z.object({ text: z.string() }),
      examples: [{ title: 'Tagged', query: { tag: '"1"' } }],
      handler: ({ query: { tag }, res }) => {
        res.set('ETag', tag);
        return { text };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/small',
      title: 'Small response',
      summary: 'Logs a line and sends a small response.',
      response: z.object({ ok: z.boolean() }),
      examples: [{ title: 'Small' }],
      handler: ({ log }) => {
        log.info('from the handler');
        return { ok: true };
      },
    }),
    defineRoute({
      method: 'get',
      path: '/endless',
      title: 'No response',
      summary: 'Waits until the client disconnects.',
      response: z.object({}),
      examples: [{ title: 'Endless' }],
      handler: ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(signal.reason as Error));
        }),
    }),
    defineRoute({
      method: 'get',
      path: '/address',
      title: 'Client address',
      summary: 'Sends the address and protocol of the client.',
      response: z.object({ ip: z.string().optional(), secure: z.boolean() }),
      examples: [{ title: 'Address' }],
      handler: ({ req }) => ({ ip: req.ip, secure: req.secure }),
    }),
    defineRoute({
      method: 'get',
      path: '/slow',
      title: 'Slow response',
      summary: 'Responds after 300 ms.',
      response: z.object({}),
      examples: [{ title: 'Slow' }],
      async handler() {
        await new Promise((resolve) => setTimeout(resolve, 300));
        return {};
      },
    }),
  ],
};

/** The log lines of one request. */
export function linesOf(
  service: { readonly logged: readonly Record<string, unknown>[] },
  requestId: string | undefined,
): Record<string, unknown>[] {
  return service.logged.filter((line) => line['requestId'] === requestId);
}
