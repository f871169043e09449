import { z } from 'zod';
import { rawRoute, wholeNumber } from '../demo.ts';
import { outputOf } from '../work/lend-child.ts';
import { sendStream } from '../work/send-stream.ts';

const lines = new URL('./lines.ts', import.meta.url);

export const streamRoute = rawRoute({
  method: 'get',
  path: '/stream',
  summary: 'Streams what a child and its own child print to the client, as fast as the client reads.',
  teaches:
    'Back-pressure reaches through the pipe into the child; a client that leaves ends it and its descendants.',
  query: z.strictObject({
    lines: wholeNumber('Lines to print', { min: 1, max: 100_000_000, default: 1_000 }),
  }),
  response: { mediaType: 'text/plain', description: 'One line after the other' },
  examples: [
    { title: 'A thousand lines', query: { lines: 1_000 } },
    {
      title: 'Leave early: the child and its descendants end',
      query: { lines: 100_000_000 },
      pipe: 'head -3',
    },
  ],
  contrasts: ['child-processes/exec-file'],
  async send({ query, res, signal, tools }) {
    await tools.budgets.children.use(1, signal, async () => {
      const child = tools.children.startNode(lines, {
        args: [String(query.lines)],
        signal,
        timeoutMs: 300_000,
      });
      res.type('text').set('Cache-Control', 'no-store');
      try {
        await sendStream(outputOf(child), res, signal);
      } finally {
        child.end('aborted');
        await child.exited;
      }
    });
  },
});
