import type { Demo } from '../kit/demo.ts';
import { cancel } from './cancel.ts';
import { memoryLimit } from './memory-limit.ts';
import { messages } from './messages.ts';
import { race } from './race.ts';
import { startUp } from './start-up.ts';

export const workerThreads = {
  id: 'worker-threads',
  title: 'Worker threads',
  summary: 'Measures what threads and their messages cost, and shows how to limit and terminate threads.',
  teaches:
    'A worker thread has its own event loop and heap. Messages are copied by structured clone, except for buffers that ' +
    'are transferred (moved) or shared. Threads that share memory must coordinate their reads and writes.',
  lookFor:
    'The cost of a clone grows with its size; that of a transfer or a shared buffer does not. ' +
    'In `race`, compare `made` with `counted`.',
  terms: [
    'structured clone',
    'transferable',
    'SharedArrayBuffer',
    'Atomics',
    'data race',
    'mutex',
    'resourceLimits',
    'worker pool',
    'V8 isolate',
  ],
  readMore: [
    { title: 'Worker threads', url: 'https://nodejs.org/api/worker_threads.html' },
    {
      title: 'postMessage and its transfer list',
      url: 'https://nodejs.org/api/worker_threads.html#portpostmessagevalue-transferlist',
    },
    {
      title: 'Worker options, including resourceLimits',
      url: 'https://nodejs.org/api/worker_threads.html#new-workerfilename-options',
    },
  ],
  practices: ['7.1'],
  routes: [messages, race, startUp, memoryLimit, cancel],
} satisfies Demo;
