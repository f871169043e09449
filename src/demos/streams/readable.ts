import { once } from 'node:events';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';
import { EventLog, eventsSchema } from './event-log.ts';
import { CHUNK_BYTES, chunksQuery, otherKinds, textChunk } from './stream-kinds.ts';

const WAIT_MS = 5;

export const readable = demoRoute({
  method: 'get',
  path: '/readable',
  title: 'Read from a source',
  summary: 'Creates a readable stream, attaches a reader after a pause, and counts the calls of `_read`.',
  teaches:
    'A readable stream is pulled: `_read` runs only if there is a consumer and the buffer has room. A source may still ' +
    'prepare earlier: `fs.createReadStream` opens its file at once.',
  query: chunksQuery,
  result: z.strictObject({
    chunks: z.number(),
    readCallsBeforeReader: z.number().describe('Calls of _read before a reader was attached'),
    readCalls: z.number().describe('All calls of _read'),
    order: z.string(),
    events: eventsSchema,
  }),
  examples: [{ title: 'A source and its events', query: { as: 'text' } }],
  contrasts: otherKinds('readable'),
  async run({ query, timeline, signal }) {
    let chunks = 0;
    let readCalls = 0;
    const source = new Readable({
      signal,
      highWaterMark: CHUNK_BYTES,
      read() {
        readCalls += 1;
        if (chunks === query.chunks) this.push(null);
        else {
          chunks += 1;
          this.push(textChunk(chunks));
        }
      },
    });
    const log = new EventLog(timeline);
    log.watch(source, 'source', ['pause', 'resume', 'end', 'close']);
    await sleep(WAIT_MS, undefined, { signal });
    const readCallsBeforeReader = readCalls;
    log.watch(source, 'source', ['data']); // a listener for data starts the flow
    await once(source, 'close', { signal });
    const callsWithReader = count(readCalls - readCallsBeforeReader, 'time');
    return {
      result: { chunks, readCallsBeforeReader, readCalls, order: log.order, events: log.events },
      lesson: {
        headline: `_read ran ${count(readCallsBeforeReader, 'time')} without a reader, ${callsWithReader} with one`,
        text:
          `Without a reader, _read ran ${count(readCallsBeforeReader, 'time')} in ${ms(WAIT_MS)}. With one, it ran ${callsWithReader}: ` +
          `${count(chunks, 'chunk')} in total, then the end. The events were: ${log.order}.`,
      },
    };
  },
});
