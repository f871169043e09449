import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import type { ListenersReport, ListenersTask } from './listeners-thread.ts';

const program = new URL('./listeners-thread.ts', import.meta.url);

/** A collection may miss a few objects that registers still refer to; more than this share of them is a leak. */
const LEAK_SHARE = 0.1;

const resultSchema = z.strictObject({
  way: z.enum(['add', 'remove', 'any']),
  requests: z.number(),
  listenersLeft: z.number().describe('Listeners on the long-lived signal when all requests were done'),
  requestsKept: z.number().describe('Finished requests that were still in memory after garbage collection'),
  stopped: z.number().describe('Requests that the long-lived signal stops, if it aborts while they run'),
  warnsAbove: z.number().describe('Listeners from which Node.js warns of a leak; 0: never'),
});
export type Result = z.infer<typeof resultSchema>;

export const listeners = demoRoute({
  method: 'get',
  path: '/listeners',
  title: 'Listen to a long-lived signal',
  summary: 'Lets requests listen to the signal of the shutdown, and counts what remains when they are done.',
  teaches:
    'A listener on a signal that outlives the request keeps everything that it refers to, and Node.js does not warn. Remove ' +
    'it when the request is done, or listen to AbortSignal.any, which its sources do not keep alive.',
  query: z.object({
    way: oneOf(
      'A listener that is never removed, one that is removed when the request is done, or one on AbortSignal.any',
      ['add', 'remove', 'any'],
    ),
    requests: wholeNumber('Requests that are served', { min: 20, max: 1000, default: 200 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'A listener that is never removed', query: { way: 'add', as: 'text' } },
    { title: 'A listener that is removed', query: { way: 'remove', as: 'text' } },
    { title: 'AbortSignal.any', query: { way: 'any', as: 'text' } },
  ],
  contrasts: [
    'abort/listeners?way=add',
    'abort/listeners?way=remove',
    'abort/listeners?way=any',
    'abort/spread?way=any',
    'events/error',
  ],
  async run({ query: task, signal, resources }) {
    const report = await resources.budgets.threads.use(1, signal, () =>
      resources.threads.run(
        program,
        { data: task satisfies ListenersTask, signal },
        async (thread) => (await nextMessage<ListenersReport>(thread)).message,
      ),
    );
    const result = { ...task, ...report };
    return { result, lesson: conclude(result) };
  },
});

const names: Readonly<Record<Result['way'], string>> = {
  add: 'A listener that is never removed',
  remove: 'A removed listener',
  any: 'A listener on AbortSignal.any',
};

export function conclude({
  way,
  requests,
  listenersLeft,
  requestsKept,
  stopped,
  warnsAbove,
}: Result): Lesson {
  const left = `${count(listenersLeft, 'listener')} remained on the long-lived signal, and ${requestsKept} of ${count(requests, 'finished request')} in memory`;
  const works = `If the signal aborts, it stops ${stopped} of ${requests} running requests.`;
  return requestsKept > LEAK_SHARE * requests
    ? {
        headline: `${names[way]} kept ${requestsKept} of ${count(requests, 'finished request')}`,
        text: `${left}: a leak that grows with each request. ${
          warnsAbove === 0 ? 'Node.js does not warn.' : `Node.js warns above ${warnsAbove}.`
        } ${works}`,
      }
    : {
        headline: `${names[way]} kept ${requestsKept} of ${count(requests, 'finished request')}`,
        text: `${left}${listenersLeft > 0 ? '' : ': the signal refers to none of them'}. ${works}`,
      };
}
