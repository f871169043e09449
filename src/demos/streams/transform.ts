import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute } from '../kit/demo.ts';
import { EventLog, eventsSchema } from './event-log.ts';
import { LineSplitter } from './line-splitter.ts';
import { chunksQuery, otherKinds, untilClosed } from './stream-kinds.ts';

export const transform = demoRoute({
  method: 'get',
  path: '/transform',
  title: 'Transform chunks into lines',
  summary: 'Splits a text into small chunks and reassembles them into lines with a transform stream.',
  teaches:
    'A transform may emit more or fewer chunks than it receives. `_flush` emits what is left when the input ends.',
  query: chunksQuery,
  result: z.strictObject({
    chunksIn: z.number(),
    linesOut: z.number(),
    linesFromFlush: z.number().describe('Lines emitted when the input had ended'),
    lines: z.array(z.string()),
    order: z.string(),
    events: eventsSchema,
  }),
  examples: [{ title: 'Chunks become lines', query: { as: 'text' } }],
  contrasts: [...otherKinds('transform'), 'buffers/text'],
  async run({ query: { chunks }, timeline, signal }) {
    const text = Array.from({ length: chunks }, (_, line) => `line ${line + 1}`).join('\n');
    const pieces = text.match(/[^]{1,5}/g) ?? [];
    const splitter = new LineSplitter();
    const log = new EventLog(timeline);
    log.watch(splitter, 'transform', ['data', 'finish', 'end', 'close']);
    const closed = untilClosed([splitter], signal);
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
        order: log.order,
        events: log.events,
      },
      lesson: {
        headline: `${count(pieces.length, 'chunk')} became ${count(lines.length, 'line')}, ${splitter.flushed} of them from _flush`,
        text:
          `${count(pieces.length, 'chunk')} of at most 5 characters went in, and ${count(lines.length, 'line')} came out. ` +
          `${splitter.flushed} of them came from _flush: no newline ends the last line, so it would be lost without it.`,
      },
    };
  },
});
