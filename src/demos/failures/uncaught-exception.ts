import { demoRoute } from '../kit/demo.ts';
import { announcementSchema, answerThen } from './answer-then.ts';
import { drains, otherEndings } from './outcomes.ts';

export const uncaughtExceptionRoute = demoRoute({
  method: 'post',
  path: '/uncaught-exception',
  danger: true,
  title: 'Throw outside of a request',
  summary:
    'Throws outside of any request: this worker drains and exits with code 80, and the primary replaces it.',
  teaches:
    'After an uncaught exception the state of the process is unknown, so it must exit. Draining first is a choice, bounded ' +
    'by SHUTDOWN_TIMEOUT_MS: it saves requests in flight, at the risk that they run on corrupt state. Exiting at once ' +
    'avoids that risk and loses them.',
  result: announcementSchema,
  examples: [{ title: 'End a worker by an exception' }],
  contrasts: otherEndings('uncaught-exception'),
  run: (call) =>
    answerThen(call, 'throw outside of any request', drains('uncaught-exception', 80), () => {
      throw new Error('thrown on purpose, outside of any request');
    }),
});
