import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { rawRoute } from '../kit/demo.ts';
import { conflict, errorResponse, otherSources } from './error-response.ts';

export const streamRoute = rawRoute({
  method: 'get',
  path: '/stream',
  title: 'Fail in a stream',
  summary: 'A stream fails halfway; `pipeline` destroys the other stream and rejects once.',
  teaches:
    '`pipe` does not forward errors, so each stream needs a listener of its own. `pipeline` destroys the streams that are ' +
    'still open and reports one error.',
  response: errorResponse,
  examples: [{ title: 'A conflict', status: 409 }],
  contrasts: otherSources('stream'),
  async send() {
    try {
      await pipeline(Readable.from(failHalfway()), discard());
    } catch (cause) {
      throw conflict('The source of a pipeline failed after its second chunk.', cause);
    }
  },
});

function* failHalfway(): Generator<string> {
  yield 'first';
  yield 'second';
  throw new Error('the source failed');
}

function discard(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done() });
}
