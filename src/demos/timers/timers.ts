import type { Demo } from '../kit/demo.ts';
import { interval } from './interval.ts';
import { unref } from './unref.ts';

export const timers = {
  id: 'timers',
  title: 'Timers',
  summary:
    'Shows how late repeated timers become, what a blocked event loop costs them, and which ones keep a process alive.',
  teaches:
    'A timer runs its callback at the earliest after its delay, when the event loop is free. A repeated timer that is set ' +
    'from its last run adds up its delays; one that is set by the clock does not. A process ends when no referenced timer ' +
    'or handle is left.',
  lookFor:
    'In `interval`, compare `driftMs` and `maxAtOnce` of the four ways. In `unref`, see which children fired their timer ' +
    'before they ended.',
  terms: [
    'setInterval',
    'timer drift',
    'event-loop lag',
    'fixed rate vs. fixed delay',
    'overlapping executions',
    'timeout.unref',
    'timers/promises',
  ],
  readMore: [
    { title: 'Timers', url: 'https://nodejs.org/api/timers.html' },
    { title: 'timeout.unref()', url: 'https://nodejs.org/api/timers.html#timeoutunref' },
    {
      title: 'Timers promises API',
      url: 'https://nodejs.org/api/timers.html#timers-promises-api',
    },
    {
      title: 'libuv: timer handles',
      url: 'https://docs.libuv.org/en/v1.x/timer.html',
    },
  ],
  practices: [],
  routes: [interval, unref],
} satisfies Demo;
