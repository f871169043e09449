import type { Demo } from '../kit/demo.ts';
import { many } from './many.ts';
import { read } from './read.ts';
import { together } from './together.ts';

export const nonBlocking = {
  id: 'non-blocking',
  title: 'Asynchronous operations',
  summary:
    'Compares four ways to read a file, waits in sequence and in parallel, and ways to make many calls.',
  teaches:
    'An asynchronous call returns at once and its result arrives later; callbacks, promises and await are three ways to ' +
    'receive it. A synchronous call blocks the event loop until it is done. Start independent waits together, but no more ' +
    'than what they wait for can take.',
  lookFor:
    'In `read`, `order` shows what ran before the content came, and `timerMaxDelayMs` how long the event loop was blocked. ' +
    'In the timeline of `together`, parallel waits start together, and waits in sequence form a staircase. In `many`, ' +
    'compare `refused` and `settledMs`.',
  terms: [
    'non-blocking I/O',
    'error-first callback',
    'async/await',
    'promise combinators',
    'concurrency limit',
    'unhandled rejection',
    'AbortSignal',
    'event-loop blocking',
  ],
  readMore: [
    {
      title: 'Blocking and non-blocking calls',
      url: 'https://nodejs.org/en/learn/asynchronous-work/overview-of-blocking-vs-non-blocking',
    },
    {
      title: "Don't block the event loop",
      url: 'https://nodejs.org/en/learn/asynchronous-work/dont-block-the-event-loop',
    },
    {
      title: 'File system calls and the thread pool',
      url: 'https://nodejs.org/api/fs.html#threadpool-usage',
    },
  ],
  practices: ['2.1', '3.11', '7.1'],
  routes: [read, together, many],
} satisfies Demo;
