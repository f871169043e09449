import type { Demo } from '../kit/demo.ts';
import { asyncIteration } from './async-iteration.ts';
import { emit } from './emit.ts';
import { error } from './error.ts';

export const events = {
  id: 'events',
  title: 'Events',
  summary: 'Shows when an EventEmitter calls its listeners, and what it does with errors and promises.',
  teaches:
    'An emitter calls its listeners synchronously, one after the other, before emit returns. It does not await their ' +
    "promises, throws the error of an 'error' event that has no listener, and warns when listeners accumulate.",
  lookFor: '`order` shows what ran before "emit returned" and what ran after it.',
  terms: [
    'EventEmitter',
    'observer pattern',
    'synchronous dispatch',
    'unhandled error event',
    'captureRejections',
    'MaxListenersExceededWarning',
    'async iterator',
  ],
  readMore: [
    {
      title: 'Events: asynchronous vs. synchronous',
      url: 'https://nodejs.org/api/events.html#asynchronous-vs-synchronous',
    },
    { title: 'Error events', url: 'https://nodejs.org/api/events.html#error-events' },
    {
      title: 'Capture rejections of promises',
      url: 'https://nodejs.org/api/events.html#capture-rejections-of-promises',
    },
    { title: 'events.on', url: 'https://nodejs.org/api/events.html#eventsonemitter-eventname-options' },
  ],
  practices: ['2.13'],
  routes: [emit, asyncIteration, error],
} satisfies Demo;
