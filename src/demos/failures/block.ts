import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber } from '../kit/demo.ts';
import { announcementSchema, answerThen } from './answer-then.ts';
import { blocks, otherEndings } from './outcomes.ts';

export const blockRoute = demoRoute({
  method: 'post',
  path: '/block',
  danger: true,
  title: 'Hang a worker',
  summary:
    'Blocks the event loop for `ms` milliseconds: beyond HEARTBEAT_TIMEOUT_MS the primary kills this worker.',
  teaches:
    'A blocked event loop cannot detect itself; another thread or process can. A JavaScript SIGTERM handler does not run ' +
    'until the loop is free, so the primary sends SIGKILL.',
  query: z.object({
    ms: wholeNumber('How long the event loop is blocked', { min: 1, max: 120_000, default: 15_000 }),
  }),
  result: announcementSchema,
  examples: [
    { title: 'Longer than the heartbeat timeout' },
    { title: 'Two seconds, and it survives', query: { ms: 2_000 } },
  ],
  contrasts: [...otherEndings('block'), 'cpu/inline'],
  run(call) {
    const { query, resources } = call;
    return answerThen(
      call,
      `block its event loop for ${ms(query.ms)}`,
      blocks(query.ms, resources.dependencies),
      () => blockEventLoop(query.ms),
    );
  },
});

function blockEventLoop(forMs: number): void {
  const end = performance.now() + forMs;
  while (performance.now() < end);
}
