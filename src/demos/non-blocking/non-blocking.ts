import type { Demo } from '../demo.ts';
import { read } from './read.ts';
import { together } from './together.ts';

export const nonBlocking = {
  id: 'non-blocking',
  title: 'Asynchronous operations',
  summary: 'One file read in four styles, and waits that follow each other or happen together.',
  teaches:
    'An asynchronous call returns at once and its result comes later; callback, promise and await are three ways to ' +
    'write the same thing. A synchronous call holds the event loop until it is done. Waits that do not need each other ' +
    'should be started together.',
  lookFor: 'The recorded order, heldMs, and the bars of the timeline: one below the other, or a staircase.',
  practices: ['2.1', '3.11', '7.1'],
  routes: [read, together],
} satisfies Demo;
