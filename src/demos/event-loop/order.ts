import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../kit/demo.ts';
import { conclude } from './order-lesson.ts';
import { runInCallbacks, runMainModules } from './order-runs.ts';
import { summarize, summarySchema } from './order-summary.ts';

const IO_RUNS = 300;

export const order = demoRoute({
  method: 'get',
  path: '/order',
  title: 'Order of scheduled callbacks',
  summary:
    'Schedules nextTick, a microtask, setTimeout(0) and setImmediate many times and counts the orders in which they run.',
  teaches:
    'nextTick callbacks and microtasks run before the event loop continues. From a main module setTimeout(0) and ' +
    'setImmediate race; from an I/O callback setImmediate always runs first.',
  query: z.object({
    from: oneOf('Where they are scheduled', ['main', 'io']),
    processes: wholeNumber('Fresh processes for from=main: half CommonJS, half ES modules', {
      min: 2,
      max: 60,
      default: 16,
    }),
  }),
  result: summarySchema,
  examples: [
    { title: 'From main modules: a race', query: { from: 'main', as: 'text' } },
    { title: 'From I/O callbacks: one order', query: { from: 'io', as: 'text' } },
  ],
  contrasts: ['event-loop/order?from=main', 'event-loop/order?from=io'],
  async run({ query: { from, processes }, signal, timeline, resources }) {
    const runs =
      from === 'main'
        ? await runMainModules(processes, resources, signal, timeline)
        : await resources.budgets.poolTasks.use(1, signal, () => runInCallbacks(IO_RUNS, signal));
    const result = { from, ...summarize(runs) };
    return { result, lesson: conclude(result) };
  },
});
