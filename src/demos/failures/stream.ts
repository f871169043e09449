import { rawRoute } from '../kit/demo.ts';
import { errorResponse, otherSources } from './error-response.ts';
import { observeOrigin, originObserved } from './observe-origin.ts';
import { origins } from './origins.ts';

export const streamRoute = rawRoute({
  method: 'get',
  path: '/stream',
  title: 'Fail in a stream',
  summary: 'A stream fails halfway; `pipeline` destroys the other stream and rejects once.',
  teaches:
    '`pipe` does not forward errors, so each stream needs a listener of its own. `pipeline` destroys the streams that are ' +
    'still open and reports one error.',
  response: errorResponse,
  examples: [
    { title: 'A conflict', status: 409 },
    { title: 'The right and the wrong way', query: { as: 'text' } },
  ],
  contrasts: otherSources('stream'),
  observed: originObserved,
  observe: (call) => observeOrigin('stream', call),
  send: ({ res }) => origins.stream.right(res),
});
