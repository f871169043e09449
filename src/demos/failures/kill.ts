import process from 'node:process';
import { z } from 'zod';
import { demoRoute, oneOf } from '../kit/demo.ts';
import { announcementSchema, answerThen } from './answer-then.ts';
import { otherEndings, outcomes, signals } from './outcomes.ts';

export const killRoute = demoRoute({
  method: 'post',
  path: '/kill',
  danger: true,
  title: 'Signal a worker',
  summary: 'Sends this worker a signal, as an operator or the kernel would.',
  teaches:
    'SIGTERM requests a shutdown, and the worker drains. No process can handle SIGKILL: requests in flight are lost, and ' +
    'the primary starts another worker.',
  query: z.object({ signal: oneOf('The signal', signals) }),
  result: announcementSchema,
  examples: [
    { title: 'Kill without warning' },
    { title: 'Request a shutdown', query: { signal: 'SIGTERM' } },
  ],
  contrasts: otherEndings('kill'),
  run(call) {
    const { signal } = call.query;
    const outcome = outcomes[signal](signal, call.resources.dependencies);
    return answerThen(call, `receive ${signal}`, outcome, () => process.kill(process.pid, signal));
  },
});
