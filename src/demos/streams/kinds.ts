/** One small working stream of each kind, and what it emitted. */
import { once } from 'node:events';
import { duplexPair, Readable, Writable, type Duplex, type Stream } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { count } from '../evidence/words.ts';
import { LineSplitter } from './line-splitter.ts';
import { eventsSchema, note, orderOf, watch, type Seen } from './stream-events.ts';

const query = z.object({ chunks: wholeNumber('Chunks that pass', { min: 1, max: 12, default: 4 }) });
const CHUNK_BYTES = 8;

const others = (name: string) =>
  ['readable', 'writable', 'duplex', 'transform']
    .filter((other) => other !== name)
    .map((other) => `streams/${other}`);

export const kindRoutes = [
  demoRoute({
    method: 'get',
    path: '/readable',
    summary: 'A source: it makes a chunk when it is asked for one, and not before.',
    teaches:
      'A readable stream is pulled: its _read runs when its buffer has room, and nothing runs while nobody reads.',
    query,
    result: z.strictObject({
      chunks: z.number(),
      readCallsBeforeReader: z.number().describe('Calls of _read while nobody read'),
      readCalls: z.number(),
      order: z.string(),
      events: eventsSchema,
    }),
    examples: [{ title: 'A source and its events', query: { as: 'text' } }],
    contrasts: others('readable'),
    async run({ query: { chunks }, timeline, signal }) {
      let made = 0;
      let readCalls = 0;
      const source = new Readable({
        signal,
        highWaterMark: CHUNK_BYTES,
        read() {
          readCalls += 1;
          if (made === chunks) this.push(null);
          else {
            made += 1;
            this.push(piece(made));
          }
        },
      });
      const events: Seen = [];
      watch(source, 'source', ['pause', 'resume', 'end', 'close'], events, timeline);
      await sleep(5, undefined, { signal });
      const readCallsBeforeReader = readCalls;
      watch(source, 'source', ['data'], events, timeline); // to listen for data is to ask for it
      await once(source, 'close', { signal });
      return {
        result: { chunks: made, readCallsBeforeReader, readCalls, order: orderOf(events), events },
        lesson:
          `Nobody read for 5 ms, and _read was called ${count(readCallsBeforeReader, 'time')}; with a reader it was called ${count(readCalls, 'time')} ` +
          `for ${count(made, 'chunk')} and the end. The events: ${orderOf(events)}.`,
      };
    },
  }),
  demoRoute({
    method: 'get',
    path: '/writable',
    summary: 'A sink: write says false when its buffer is full, and drain when there is room again.',
    teaches:
      'write never refuses data; its false is a request to wait for drain, and ignoring it fills memory.',
    query,
    result: z.strictObject({
      chunks: z.number(),
      highWaterMarkBytes: z.number(),
      writeSaidFalse: z.number(),
      drains: z.number(),
      peakBufferedBytes: z.number(),
      order: z.string(),
      events: eventsSchema,
    }),
    examples: [{ title: 'A sink and its events', query: { as: 'text' } }],
    contrasts: [...others('writable'), 'streams/backpressure'],
    async run({ query: { chunks }, timeline, signal }) {
      const sink = new Writable({
        signal,
        highWaterMark: 2 * CHUNK_BYTES,
        write: (_chunk, _encoding, done) => void setTimeout(done, 2),
      });
      const events: Seen = [];
      watch(sink, 'sink', ['drain', 'finish', 'close'], events, timeline);
      const closed = closing([sink], signal);
      let writeSaidFalse = 0;
      let peakBufferedBytes = 0;
      for (let number = 1; number <= chunks; number += 1) {
        const more = sink.write(piece(number));
        note(events, timeline, 'source', 'write', `${piece(number)} → ${more}`);
        peakBufferedBytes = Math.max(peakBufferedBytes, sink.writableLength);
        if (more) continue;
        writeSaidFalse += 1;
        await once(sink, 'drain', { signal });
      }
      sink.end();
      await closed;
      const drains = events.filter(({ event }) => event === 'drain').length;
      return {
        result: {
          chunks,
          highWaterMarkBytes: sink.writableHighWaterMark,
          writeSaidFalse,
          drains,
          peakBufferedBytes,
          order: orderOf(events),
          events,
        },
        lesson:
          `Of ${count(chunks, 'write')} ${writeSaidFalse} said false, and ${count(drains, 'drain')} followed; with the source waiting for them, ` +
          `at most ${peakBufferedBytes} bytes were buffered, where the mark is at ${sink.writableHighWaterMark}.`,
      };
    },
  }),
  demoRoute({
    method: 'get',
    path: '/duplex',
    summary: 'Two sides that know nothing of each other: one can end while the other still gives.',
    teaches:
      'A duplex is a readable and a writable in one object, like a socket: what is read is not what was written.',
    query,
    result: z.strictObject({
      sent: z.string(),
      received: z.string(),
      receivedAfterOwnEnd: z.number().describe('Chunks that came after this side had finished writing'),
      order: z.string(),
      events: eventsSchema,
    }),
    examples: [{ title: 'A client and a server in one process', query: { as: 'text' } }],
    contrasts: others('duplex'),
    async run({ query: { chunks }, timeline, signal }) {
      const [client, server] = duplexPair({ readableHighWaterMark: 64, writableHighWaterMark: 64 });
      const events: Seen = [];
      watch(client, 'client', ['finish', 'data', 'end', 'close'], events, timeline);
      watch(server, 'server', ['end', 'finish', 'close'], events, timeline);
      const received: string[] = [];
      client.on('data', (chunk: Buffer) => received.push(chunk.toString()));
      try {
        const closed = closing([client, server], signal);
        const answered = answerAfterEnd(server, chunks, signal);
        client.end('tell me');
        await answered;
        await closed;
      } finally {
        client.destroy();
        server.destroy();
      }
      const finish = events.findIndex(({ of, event }) => of === 'client' && event === 'finish');
      const receivedAfterOwnEnd = events.filter(({ event }, at) => event === 'data' && at > finish).length;
      return {
        result: {
          sent: 'tell me',
          received: received.join(' '),
          receivedAfterOwnEnd,
          order: orderOf(events),
          events,
        },
        lesson:
          `The client wrote «tell me» and ended its side; ${receivedAfterOwnEnd} of ${count(chunks, 'chunk')} came to it after that: ` +
          (receivedAfterOwnEnd > 0 ? 'the two sides end apart.' : 'this time the sides ended together.'),
      };
    },
  }),
  demoRoute({
    method: 'get',
    path: '/transform',
    summary: 'What comes out is made from what went in: chunks cut anywhere become whole lines.',
    teaches:
      'A transform may give more or fewer chunks than it got, and flush gives what is left when the input ends.',
    query,
    result: z.strictObject({
      chunksIn: z.number(),
      linesOut: z.number(),
      linesFromFlush: z.number().describe('Given only when the input had ended'),
      lines: z.array(z.string()),
      order: z.string(),
      events: eventsSchema,
    }),
    examples: [{ title: 'Chunks become lines', query: { as: 'text' } }],
    contrasts: [...others('transform'), 'buffers/text'],
    async run({ query: { chunks }, timeline, signal }) {
      const text = Array.from({ length: chunks }, (_, line) => `line ${line + 1}`).join('\n');
      const pieces = text.match(/[^]{1,5}/g) ?? [];
      const splitter = new LineSplitter();
      const events: Seen = [];
      watch(splitter, 'transform', ['data', 'finish', 'end', 'close'], events, timeline);
      const closed = closing([splitter], signal);
      const lines: string[] = [];
      await pipeline(
        Readable.from(pieces),
        splitter,
        new Writable({
          objectMode: true,
          write(line: string, _encoding, done) {
            lines.push(line);
            done();
          },
        }),
        { signal },
      );
      await closed;
      return {
        result: {
          chunksIn: pieces.length,
          linesOut: lines.length,
          linesFromFlush: splitter.flushed,
          lines,
          order: orderOf(events),
          events,
        },
        lesson:
          `${count(pieces.length, 'chunk')} of at most five characters went in and ${count(lines.length, 'line')} came out, ` +
          `${splitter.flushed} of them only from flush: without it the last line would be lost, for no newline ends it.`,
      };
    },
  }),
];

async function answerAfterEnd(server: Duplex, chunks: number, signal: AbortSignal): Promise<void> {
  server.resume();
  await once(server, 'end', { signal });
  for (let number = 1; number <= chunks; number += 1) {
    server.write(piece(number));
    await sleep(1, undefined, { signal }); // so that each chunk comes alone
  }
  server.end();
}

function piece(number: number): string {
  return `chunk-${String(number).padStart(2, '0')}`;
}

/** Resolves when all are closed. Whoever has asked may be waiting for something else when the client leaves. */
function closing(streams: readonly Stream[], signal: AbortSignal): Promise<unknown> {
  const closed = Promise.all(streams.map((stream) => once(stream, 'close', { signal })));
  closed.catch(() => undefined);
  return closed;
}
