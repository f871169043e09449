import type { Demo } from '../kit/demo.ts';
import { child } from './child.ts';
import { chunked } from './chunked.ts';
import { compare } from './compare.ts';
import { fork } from './fork.ts';
import { inline } from './inline.ts';
import { threadPool } from './thread-pool.ts';
import { thread } from './thread.ts';

export const cpu = {
  id: 'cpu',
  title: 'Where to run CPU work',
  summary: 'Counts the same primes in several places and measures time, queueing and event-loop delay.',
  teaches:
    'A computation on the event loop delays every other request of the process. On a thread or in a child process it ' +
    'leaves the event loop free, at the cost of message passing and perhaps a startup.',
  lookFor: '`primes` is the same everywhere. `eventLoop.maxDelayMs` is how long other requests had to wait.',
  terms: [
    'event-loop blocking',
    'CPU-bound work',
    'worker pool',
    'worker threads',
    'IPC',
    'partitioning',
    'offloading',
  ],
  readMore: [
    {
      title: "Don't block the event loop (or the worker pool)",
      url: 'https://nodejs.org/en/learn/asynchronous-work/dont-block-the-event-loop',
    },
    { title: 'Worker threads', url: 'https://nodejs.org/api/worker_threads.html' },
    { title: 'Child processes', url: 'https://nodejs.org/api/child_process.html' },
  ],
  practices: ['7.1'],
  routes: [inline, chunked, thread, threadPool, child, fork, compare],
} satisfies Demo;
