import process from 'node:process';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../kit/demo.ts';
import { announcementSchema, answerThen } from './answer-then.ts';
import { endsAbruptly, otherEndings } from './outcomes.ts';

export const exitRoute = demoRoute({
  method: 'post',
  path: '/exit',
  danger: true,
  title: 'Exit without a drain',
  summary: 'Calls `process.exit`: nothing is drained, and every other request of this worker is lost.',
  teaches:
    '`process.exit` ends the process at once, and all pending asynchronous work is lost. In a service only the end of a ' +
    'drain should call it.',
  query: z.object({ code: wholeNumber('The exit code', { min: 0, max: 255, default: 1 }) }),
  result: announcementSchema,
  examples: [{ title: 'Exit with code 7', query: { code: 7 } }],
  contrasts: otherEndings('exit'),
  run(call) {
    const { code } = call.query;
    return answerThen(call, 'exit at once', endsAbruptly(`code ${code}`), () => process.exit(code));
  },
});
