import type { Demo } from '../demo.ts';
import { asyncIteration } from './async-iteration.ts';
import { emit } from './emit.ts';
import { error } from './error.ts';

export const events = {
  id: 'events',
  title: 'Events',
  summary: 'EventEmitter: listeners are called at once and in order, and an unheard error is thrown.',
  teaches:
    'An emitter calls its listeners synchronously, one after the other, before emit returns. It waits for none of their ' +
    'promises, throws an error event that nobody listens for, and warns when listeners pile up.',
  lookFor: 'The recorded order: what ran before «emit returned», and what after it.',
  practices: ['2.13'],
  routes: [emit, asyncIteration, error],
} satisfies Demo;
