import type { Demo } from '../kit/demo.ts';
import { lost } from './lost.ts';
import { who } from './who.ts';

export const asyncContext = {
  id: 'async-context',
  title: 'Async context',
  summary: 'Shows which request a log line belongs to, and where that knowledge is lost.',
  teaches:
    'Between two awaits of a request, others run. A variable outside the handler then belongs to whichever request set it ' +
    'last. AsyncLocalStorage keeps a value per chain of asynchronous calls: code far below the handler can read the ' +
    'request id without a parameter.',
  lookFor:
    'In `who`, compare `linesOfAnotherRequest` of both ways. In `lost`, `right` counts the callbacks that saw the context ' +
    'of the request that passed them.',
  terms: [
    'AsyncLocalStorage',
    'AsyncResource.bind',
    'context propagation',
    'correlation id',
    'context loss',
    'continuation-local storage',
    'race condition',
  ],
  readMore: [
    {
      title: 'AsyncLocalStorage',
      url: 'https://nodejs.org/api/async_context.html#class-asynclocalstorage',
    },
    {
      title: 'AsyncResource: integrate with an EventEmitter',
      url: 'https://nodejs.org/api/async_context.html#integrating-asyncresource-with-eventemitter',
    },
    {
      title: 'Troubleshooting: context loss',
      url: 'https://nodejs.org/api/async_context.html#troubleshooting-context-loss',
    },
  ],
  practices: ['5.14'],
  routes: [who, lost],
} satisfies Demo;
