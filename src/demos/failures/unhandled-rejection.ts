import { demoRoute } from '../kit/demo.ts';
import { announcementSchema, answerThen } from './answer-then.ts';
import { drains, otherEndings } from './outcomes.ts';

export const unhandledRejectionRoute = demoRoute({
  method: 'post',
  path: '/unhandled-rejection',
  danger: true,
  title: 'Leave a rejection unhandled',
  summary:
    'Rejects a promise that has no handler: this worker drains and exits with code 81, and the primary replaces it.',
  teaches:
    'By default an unhandled rejection ends a Node.js process; here it drains first. A missing `await` is enough to cause ' +
    'one, and the lint rule no-floating-promises finds it earlier.',
  result: announcementSchema,
  examples: [{ title: 'End a worker by a rejection' }],
  contrasts: otherEndings('unhandled-rejection'),
  run: (call) =>
    answerThen(call, 'reject a promise that has no handler', drains('unhandled-rejection', 81), () => {
      void Promise.reject(new Error('rejected on purpose, without a handler'));
    }),
});
