import { once } from 'node:events';
import { duplexPair, type Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';
import { EventLog, eventsSchema } from './event-log.ts';
import { chunksQuery, otherKinds, textChunk, untilClosed } from './stream-kinds.ts';

const REQUEST = 'hello';

export const duplex = demoRoute({
  method: 'get',
  path: '/duplex',
  title: 'Use a duplex stream',
  summary: 'Connects two duplex streams and ends one side while the other still sends.',
  teaches:
    'A duplex is a readable and a writable in one object, such as a socket: its output is independent of its input. Each ' +
    'side ends separately, but with `allowHalfOpen: false` the end of the readable side also ends the writable one.',
  query: chunksQuery,
  result: z.strictObject({
    sent: z.string(),
    received: z.string(),
    receivedAfterOwnEnd: z.number().describe('Chunks that arrived after this side had finished writing'),
    order: z.string(),
    events: eventsSchema,
  }),
  examples: [{ title: 'A client and a server in one process', query: { as: 'text' } }],
  contrasts: otherKinds('duplex'),
  async run({ query: { chunks }, timeline, signal }) {
    const [client, server] = duplexPair({ readableHighWaterMark: 64, writableHighWaterMark: 64 });
    const log = new EventLog(timeline);
    log.watch(client, 'client', ['finish', 'data', 'end', 'close']);
    log.watch(server, 'server', ['end', 'finish', 'close']);
    const received: string[] = [];
    client.on('data', (chunk: Buffer) => received.push(chunk.toString()));
    try {
      const closed = untilClosed([client, server], signal);
      const responded = respondAfterEnd(server, chunks, signal);
      client.end(REQUEST);
      await responded;
      await closed;
    } finally {
      client.destroy();
      server.destroy();
    }
    const finish = log.events.findIndex(({ of, event }) => of === 'client' && event === 'finish');
    const receivedAfterOwnEnd = log.events.filter(({ event }, at) => event === 'data' && at > finish).length;
    return {
      result: {
        sent: REQUEST,
        received: received.join(' '),
        receivedAfterOwnEnd,
        order: log.order,
        events: log.events,
      },
      lesson: {
        headline: `The client received ${count(receivedAfterOwnEnd, 'chunk')} after it ended its side`,
        text:
          `The client wrote "${REQUEST}" and ended its writable side. ${receivedAfterOwnEnd} of ${count(chunks, 'chunk')} arrived after that: ` +
          (receivedAfterOwnEnd > 0
            ? 'the two sides ended independently.'
            : 'in this run both sides ended together.'),
      },
    };
  },
});

async function respondAfterEnd(server: Duplex, chunks: number, signal: AbortSignal): Promise<void> {
  server.resume();
  await once(server, 'end', { signal });
  for (let number = 1; number <= chunks; number += 1) {
    server.write(textChunk(number));
    await sleep(1, undefined, { signal }); // so that each chunk arrives separately
  }
  server.end();
}
