import type { Demo } from '../kit/demo.ts';
import { listeners } from './listeners.ts';
import { spread } from './spread.ts';

export const abort = {
  id: 'abort',
  title: 'Cancellation',
  summary: 'Shows what still runs after a client has disconnected, and what a long-lived signal keeps alive.',
  teaches:
    'Nothing stops by itself when a client disconnects: pass one AbortSignal to everything that the request started. ' +
    'AbortSignal.any combines the client with a timeout and the shutdown. A listener on a signal that outlives the request ' +
    'must be removed.',
  lookFor:
    'In `spread`, `ranOnMs` is the work that ran for a client that no longer waits. In `listeners`, `requestsKept` counts the ' +
    'finished requests that garbage collection could not free.',
  terms: [
    'AbortController',
    'AbortSignal.any',
    'AbortSignal.timeout',
    'cancellation',
    'deadline propagation',
    'client disconnect',
    'listener leak',
  ],
  readMore: [
    { title: 'AbortSignal', url: 'https://nodejs.org/api/globals.html#class-abortsignal' },
    {
      title: 'AbortSignal.any',
      url: 'https://nodejs.org/api/globals.html#static-method-abortsignalanysignals',
    },
    {
      title: 'AbortSignal.timeout',
      url: 'https://nodejs.org/api/globals.html#static-method-abortsignaltimeoutdelay',
    },
    {
      title: 'events.getEventListeners',
      url: 'https://nodejs.org/api/events.html#eventsgeteventlistenersemitterortarget-eventname',
    },
  ],
  practices: [],
  routes: [spread, listeners],
} satisfies Demo;
