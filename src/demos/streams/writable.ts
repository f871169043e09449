import { once } from 'node:events';
import { Writable } from 'node:stream';
import { z } from 'zod';
import { bytes, count } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';
import { EventLog, eventsSchema } from './event-log.ts';
import { CHUNK_BYTES, chunksQuery, otherKinds, textChunk, untilClosed } from './stream-kinds.ts';

export const writable = demoRoute({
  method: 'get',
  path: '/writable',
  title: 'Write to a sink',
  summary: 'Writes to a slow sink and waits for `drain` whenever `write` returns false.',
  teaches:
    '`write` queues the chunk even when it returns false; only an ended or destroyed stream refuses it. False asks the ' +
    'source to wait for `drain`, and a source that ignores it fills memory.',
  query: chunksQuery,
  result: z.strictObject({
    chunks: z.number(),
    highWaterMarkBytes: z.number(),
    writeSaidFalse: z.number().describe('Calls of write that returned false'),
    drains: z.number(),
    peakBufferedBytes: z.number(),
    order: z.string(),
    events: eventsSchema,
  }),
  examples: [{ title: 'A sink and its events', query: { as: 'text' } }],
  contrasts: [...otherKinds('writable'), 'streams/backpressure'],
  async run({ query: { chunks }, timeline, signal }) {
    const sink = new Writable({
      signal,
      highWaterMark: 2 * CHUNK_BYTES,
      write: (_chunk, _encoding, done) => void setTimeout(done, 2),
    });
    const log = new EventLog(timeline);
    log.watch(sink, 'sink', ['drain', 'finish', 'close']);
    const closed = untilClosed([sink], signal);
    let writeSaidFalse = 0;
    let peakBufferedBytes = 0;
    for (let number = 1; number <= chunks; number += 1) {
      const hasRoom = sink.write(textChunk(number));
      log.add('source', 'write', `${textChunk(number)} → ${hasRoom}`);
      peakBufferedBytes = Math.max(peakBufferedBytes, sink.writableLength);
      if (hasRoom) continue;
      writeSaidFalse += 1;
      await once(sink, 'drain', { signal });
    }
    sink.end();
    await closed;
    const highWaterMarkBytes = sink.writableHighWaterMark;
    const drains = log.events.filter(({ event }) => event === 'drain').length;
    return {
      result: {
        chunks,
        highWaterMarkBytes,
        writeSaidFalse,
        drains,
        peakBufferedBytes,
        order: log.order,
        events: log.events,
      },
      lesson: {
        headline: `write returned false ${count(writeSaidFalse, 'time')}; ${count(drains, 'drain event')} followed`,
        text:
          `${writeSaidFalse} of ${count(chunks, 'write')} returned false, and ${count(drains, 'drain event')} followed. ` +
          `${writeSaidFalse === 0 ? 'The source never had to wait:' : 'The source waited after each false, so'} ` +
          `at most ${bytes(peakBufferedBytes)} was buffered. The high-water mark is ${bytes(highWaterMarkBytes)}.`,
      },
    };
  },
});
