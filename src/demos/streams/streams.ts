import type { Demo } from '../kit/demo.ts';
import { asyncIteration } from './async-iteration.ts';
import { backpressure } from './backpressure.ts';
import { chain } from './chain.ts';
import { duplex } from './duplex.ts';
import { events } from './events.ts';
import { fileBuffered } from './file-buffered.ts';
import { file } from './file.ts';
import { ndjson } from './ndjson.ts';
import { pipe } from './pipe.ts';
import { pipelineRoute } from './pipeline.ts';
import { range } from './range.ts';
import { readable } from './readable.ts';
import { transform } from './transform.ts';
import { upload } from './upload.ts';
import { writable } from './writable.ts';

export const streams = {
  id: 'streams',
  title: 'Streams',
  summary: 'Process data chunk by chunk: bounded memory, an early first byte, back-pressure.',
  teaches:
    'A stream holds a few chunks of the data at a time. `pipeline` connects streams: a slow reader slows the source, and ' +
    'an error or a disconnect destroys all of them.',
  lookFor:
    '`heldBytes` against `bytes`, `rowsWhileStalled` against `rows`, and `firstByteMs` against `lastByteMs`.',
  terms: [
    'back-pressure',
    'high-water mark',
    'drain event',
    'flowing mode',
    'object mode',
    'file descriptor leak',
    'Transfer-Encoding: chunked',
    'range request',
    'server-sent events',
    'SSE',
    'EventSource',
  ],
  readMore: [
    { title: 'Node.js: Stream', url: 'https://nodejs.org/api/stream.html' },
    {
      title: 'Learn Node.js: How to use streams',
      url: 'https://nodejs.org/en/learn/modules/how-to-use-streams',
    },
    {
      title: 'Learn Node.js: Backpressuring in streams',
      url: 'https://nodejs.org/en/learn/modules/backpressuring-in-streams',
    },
    { title: 'RFC 9110: Range requests', url: 'https://www.rfc-editor.org/rfc/rfc9110#section-14' },
  ],
  practices: ['2.13'],
  routes: [
    readable,
    writable,
    duplex,
    transform,
    file,
    fileBuffered,
    upload,
    chain,
    asyncIteration,
    backpressure,
    pipe,
    pipelineRoute,
    ndjson,
    events,
    range,
  ],
} satisfies Demo;
