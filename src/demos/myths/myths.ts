import type { Demo } from '../kit/demo.ts';
import { verdictsRoute } from './verdicts.ts';

export const myths = {
  id: 'myths',
  title: 'Myths',
  summary: 'Tests sentences about Node.js that everybody has read, on this machine.',
  teaches:
    'Much of what is said about Node.js was true once, or is true of something else. A small measurement tells which ' +
    'sentence holds here.',
  lookFor: 'Compare `measured` with `verdict`, and run the `command` of a sentence to see the whole demo.',
  terms: ['myth', 'microbenchmark', 'event loop', 'worker threads', 'thread pool'],
  readMore: [
    {
      title: "Don't block the event loop (or the worker pool)",
      url: 'https://nodejs.org/en/learn/asynchronous-work/dont-block-the-event-loop',
    },
  ],
  practices: [],
  routes: [verdictsRoute],
} satisfies Demo;
