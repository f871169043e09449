import { EventEmitter, once } from 'node:events';
import { rawRoute } from '../kit/demo.ts';
import { conflict, errorResponse, otherSources } from './error-response.ts';

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
  examples: [{ title: 'A conflict', status: 409 }],
  contrasts: otherSources('emitter'),
  async send() {
    const emitter = new EventEmitter();
    setImmediate(() => emitter.emit('error', new Error('the emitter failed')));
    try {
      await once(emitter, 'ready');
    } catch (cause) {
      throw conflict("The emitter emitted 'error' before 'ready'.", cause);
    }
  },
});
