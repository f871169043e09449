import { EventEmitter } from 'node:events';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import type { LeakReport, LeakTask } from './leak-thread.ts';

const leakThread = new URL('./leak-thread.ts', import.meta.url);

const errorCase = z.strictObject({
  case: z.string(),
  errorListeners: z.number(),
  heard: z.string().describe('The message that the error listener received'),
  thrownByEmit: z.string().describe('The message that emit threw'),
});
type ErrorCase = z.infer<typeof errorCase>;

const leakCase = z.strictObject({ listeners: z.number(), limit: z.number(), warning: z.string() });

export const error = demoRoute({
  method: 'get',
  path: '/error',
  title: 'Error events and listener leaks',
  summary: 'Emits an error event with and without a listener, and adds more listeners than the limit.',
  teaches:
    "Without an 'error' listener, `emit('error', err)` throws `err`; if nothing catches it, the process exits. Node.js " +
    'warns about more listeners than the limit, because that is often a leak.',
  query: z.object({
    listeners: wholeNumber('Listeners to add to one event', { min: 1, max: 100, default: 11 }),
  }),
  result: z.strictObject({ errors: z.array(errorCase), leaks: z.array(leakCase) }),
  examples: [
    { title: 'One listener above the limit', query: { as: 'text' } },
    { title: 'Within the limit: no warning', query: { listeners: 10, as: 'text' } },
  ],
  contrasts: ['failures/emitter', 'failures/uncaught-exception'],
  async run({ query: { listeners }, signal, timeline, resources }) {
    const errors = [emitError('a listener', true), emitError('no listener', false), await rejectInListener()];
    const addListeners = (task: LeakTask) =>
      timeline.record(task.limit === undefined ? 'default limit' : `limit ${task.limit}`, 'thread', () =>
        resources.threads.run(leakThread, { signal, data: task }, async (thread) => {
          const { message } = await nextMessage<LeakReport>(thread);
          return message;
        }),
      );
    const leaks = await resources.budgets.threads.use(2, signal, () =>
      Promise.all([addListeners({ listeners }), addListeners({ listeners, limit: listeners })]),
    );
    return { result: { errors, leaks }, lesson: conclude(errors, leaks) };
  },
});

function emitError(name: string, withListener: boolean): ErrorCase {
  const emitter = new EventEmitter();
  let heard = '';
  let thrownByEmit = '';
  if (withListener) {
    emitter.on('error', (reason: Error) => {
      heard = reason.message;
    });
  }
  try {
    emitter.emit('error', new Error('the disk is full'));
  } catch (thrown) {
    thrownByEmit = (thrown as Error).message;
  }
  return { case: name, errorListeners: emitter.listenerCount('error'), heard, thrownByEmit };
}

/** With `captureRejections` the rejection of a listener becomes an error event instead of an unhandled rejection. */
async function rejectInListener(): Promise<ErrorCase> {
  const emitter = new EventEmitter({ captureRejections: true });
  let heard = '';
  emitter.on('error', (reason: Error) => {
    heard = reason.message;
  });
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- the emitter handles the promise
  emitter.on('data', async () => {
    throw new Error('rejected in an async listener');
  });
  emitter.emit('data');
  await new Promise((resolve) => setImmediate(resolve));
  const errorListeners = emitter.listenerCount('error');
  return { case: 'captureRejections', errorListeners, heard, thrownByEmit: '' };
}

function conclude(errors: readonly ErrorCase[], leaks: readonly LeakReport[]): Lesson {
  const [listened, unheard, captured] = errors;
  const [plain, raised] = leaks;
  const thrown = unheard?.thrownByEmit ?? '';
  const caused = plain === undefined || plain.warning === '' ? 'no warning' : 'a warning';
  return {
    headline:
      thrown === '' ? 'emit threw nothing without a listener' : `Without a listener, emit threw "${thrown}"`,
    text: [
      listened?.heard !== '' && listened?.thrownByEmit === ''
        ? 'With a listener, the listener received the error and emit threw nothing.'
        : 'The listener did not take the error.',
      thrown === ''
        ? 'Without a listener, emit threw nothing.'
        : `Without a listener, emit threw "${thrown}".`,
      captured?.heard === ''
        ? 'The rejection of an async listener was not captured.'
        : 'With captureRejections, the error listener also received the rejection of an async listener.',
      `${count(plain?.listeners ?? 0, 'listener')} caused ${caused} at a limit of ${plain?.limit ?? 0}, and ` +
        (raised?.warning === '' ? `none at a limit of ${raised.limit}.` : 'one even with the limit raised.'),
    ].join(' '),
  };
}
