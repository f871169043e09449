import { z } from 'zod';
import { rawRoute, wholeNumber } from '../kit/demo.ts';
import { stdoutOf } from '../kit/resources/with-child.ts';
import { sendStream } from '../kit/send-stream.ts';

const program = new URL('./lines-child.ts', import.meta.url);

export const streamRoute = rawRoute({
  method: 'get',
  path: '/stream',
  title: 'Stream output to the client',
  summary: 'Streams the output of a child and its own child to the client, as fast as the client reads.',
  teaches:
    'Back-pressure reaches through the pipe into the child. When the client disconnects, the child and its descendants ' +
    'are ended.',
  query: z.strictObject({
    lines: wholeNumber('Lines to print', { min: 1, max: 100_000_000, default: 1_000 }),
  }),
  response: { mediaType: 'text/plain', description: 'One line per printed line' },
  examples: [
    { title: 'A thousand lines', query: { lines: 1_000 } },
    {
      title: 'Disconnect early to end the child',
      query: { lines: 100_000_000 },
      pipe: 'head -3',
    },
  ],
  contrasts: ['child-processes/exec-file'],
  async send({ query, res, signal, resources }) {
    await resources.budgets.children.use(1, signal, async () => {
      const child = resources.children.startNode(program, {
        args: [String(query.lines)],
        signal,
        timeoutMs: 300_000,
      });
      res.type('text').set('Cache-Control', 'no-store');
      try {
        await sendStream(stdoutOf(child), res, signal);
      } finally {
        child.end('aborted');
        await child.exited;
      }
    });
  },
});
