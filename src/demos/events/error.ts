import { EventEmitter } from 'node:events';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { count } from '../evidence/words.ts';
import { nextMessage } from '../work/thread.ts';
import type { LeakReport, LeakTask } from './leak.ts';

const leak = new URL('./leak.ts', import.meta.url);

const errorCase = z.strictObject({
  case: z.string(),
  errorListeners: z.number(),
  heard: z.string().describe('What the listener of error was given'),
  thrownByEmit: z.string().describe('What emit threw, caught here'),
});
type ErrorCase = z.infer<typeof errorCase>;

const leakCase = z.strictObject({ listeners: z.number(), limit: z.number(), warning: z.string() });

const resultSchema = z.strictObject({ errors: z.array(errorCase), leaks: z.array(leakCase) });

export const error = demoRoute({
  method: 'get',
  path: '/error',
  summary: 'Emits an error with and without a listener for it, and provokes the warning of a listener leak.',
  teaches:
    'An error event that nobody listens for is thrown by emit, and uncaught it ends the process. More listeners than ' +
    'the limit mean a leak more often than a need, so Node.js warns.',
  query: z.object({
    listeners: wholeNumber('Listeners to add to one event', { min: 1, max: 100, default: 11 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'With and without a listener', query: { as: 'text' } },
    { title: 'As many listeners as are allowed: no warning', query: { listeners: 10, as: 'text' } },
  ],
  contrasts: ['failures/emitter', 'failures/uncaught-exception'],
  async run({ query, signal, timeline, tools }) {
    const errors = [emitError('a listener', true), emitError('no listener', false), await rejectInListener()];
    const provoke = (task: LeakTask) =>
      timeline.record(`limit ${task.limit ?? 'as it is'}`, 'thread', () =>
        tools.threads.run(leak, { signal, data: task }, async (thread) => {
          const { message } = await nextMessage<LeakReport>(thread);
          return message;
        }),
      );
    const { listeners } = query;
    const leaks = await tools.budgets.threads.use(2, signal, () =>
      Promise.all([provoke({ listeners }), provoke({ listeners, limit: listeners })]),
    );
    return { result: { errors, leaks }, lesson: conclude(errors, leaks) };
  },
});

function emitError(name: string, listened: boolean): ErrorCase {
  const emitter = new EventEmitter();
  let heard = '';
  let thrownByEmit = '';
  if (listened) {
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

/** A listener that rejects: with `captureRejections` its rejection becomes an error event, and not an unhandled one. */
async function rejectInListener(): Promise<ErrorCase> {
  const emitter = new EventEmitter({ captureRejections: true });
  let heard = '';
  emitter.on('error', (reason: Error) => {
    heard = reason.message;
  });
  // eslint-disable-next-line @typescript-eslint/no-misused-promises -- that emit looks at the promise is the point
  emitter.on('data', async () => {
    throw new Error('rejected in an async listener');
  });
  emitter.emit('data');
  await new Promise((resolve) => setImmediate(resolve));
  return {
    case: 'captureRejections',
    errorListeners: emitter.listenerCount('error'),
    heard,
    thrownByEmit: '',
  };
}

function conclude(errors: readonly ErrorCase[], leaks: readonly LeakReport[]): string {
  const [listened, unheard, captured] = errors;
  const [plain, raised] = leaks;
  const withListener =
    listened?.heard !== '' && listened?.thrownByEmit === ''
      ? 'The listener heard the error and emit threw nothing'
      : 'The listener did not take the error';
  const without =
    unheard?.thrownByEmit === ''
      ? 'without one emit threw nothing either'
      : `without one emit threw «${unheard?.thrownByEmit ?? ''}»`;
  const rejection =
    captured?.heard === ''
      ? 'a rejection in an async listener was not captured'
      : 'with captureRejections a rejection in an async listener was heard as well';
  const warned =
    plain === undefined || plain.warning === ''
      ? `${count(plain?.listeners ?? 0, 'listener')} caused no warning at a limit of ${plain?.limit ?? 0}`
      : `${count(plain.listeners, 'listener')} caused a warning at a limit of ${plain.limit}`;
  const quiet =
    raised?.warning === ''
      ? `and none at a limit of ${raised.limit}`
      : 'and one even where the limit was raised';
  return `${withListener}; ${without}; ${rejection}. ${warned}, ${quiet}.`;
}
