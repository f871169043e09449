import { rawRoute } from '../kit/demo.ts';
import { errorResponse, otherSources } from './error-response.ts';
import { observeOrigin, originObserved } from './observe-origin.ts';
import { origins } from './origins.ts';

export const emitterRoute = rawRoute({
  method: 'get',
  path: '/emitter',
  title: 'Fail with an error event',
  summary:
    "Emits 'error' while `events.once` waits for another event; the rejection reaches the error handler.",
  teaches:
    "Without a listener, `emit('error')` throws the error. `events.once` rejects if 'error' is emitted while it waits " +
    'for another event.',
  response: errorResponse,
  examples: [
    { title: 'A conflict', status: 409 },
    { title: 'The right and the wrong way', query: { as: 'text' } },
  ],
  contrasts: otherSources('emitter'),
  observed: originObserved,
  observe: (call) => observeOrigin('emitter', call),
  send: ({ res }) => origins.emitter.right(res),
});
