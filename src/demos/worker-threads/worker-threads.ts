import type { Demo } from '../demo.ts';
import { cancel } from './cancel.ts';
import { memoryLimit } from './memory-limit.ts';
import { messages } from './messages.ts';
import { startUp } from './start-up.ts';

export const workerThreads = {
  id: 'worker-threads',
  title: 'Worker threads',
  summary: 'Threads for JavaScript: what they and their messages cost, and how they are bounded and ended.',
  teaches:
    'A worker thread has an event loop and a heap of its own. Messages are copied unless a buffer is transferred, which ' +
    'moves it, or shared, which leaves it on both sides and makes you responsible for the order of reads and writes.',
  lookFor: 'The cost of a clone grows with its size; that of a transfer and of a shared buffer does not.',
  practices: ['7.1'],
  routes: [messages, startUp, memoryLimit, cancel],
} satisfies Demo;
