import { once } from 'node:events';
import { Writable } from 'node:stream';
import { z } from 'zod';
import { bytes, count, ms, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { MemorySampler } from '../kit/measure/memory-sampler.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { peakMemory } from '../kit/measure/delivery.ts';

const CHUNK_BYTES = 64 * 1024;
/** How long the sink takes for a chunk: the shortest timer. */
const SINK_MS = 1;
/** Further pauses look the same in the timeline. */
const MAX_PAUSES_DRAWN = 8;

const resultSchema = z.strictObject({
  respected: z.boolean(),
  bytes: z.number(),
  chunks: z.number(),
  writeSaidFalse: z.number().describe('Calls of write that returned false'),
  pauses: z.number().describe('How often the source waited'),
  drains: z.number(),
  peakBufferedBytes: z.number().describe('Most bytes queued in the sink'),
  peakMemoryBytes: peakMemory,
  elapsedMs: z.number(),
});
type Result = z.infer<typeof resultSchema>;

export const backpressure = demoRoute({
  method: 'get',
  path: '/backpressure',
  title: 'Respect or ignore back-pressure',
  summary: 'Writes from a fast source to a slow sink, and waits for `drain` or ignores it.',
  teaches:
    'Back-pressure saves the memory of everything that would queue. It rarely costs time, because the slow sink sets the ' +
    'pace; a very small `highWaterMark` can leave the sink idle.',
  query: z.object({
    respect: oneOf('Whether the source waits when write returns false', ['true', 'false']),
    megabytes: wholeNumber('Megabytes to write', { min: 1, max: 64, default: 16 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'The source waits', query: { respect: true, as: 'text' } },
    { title: 'The source does not wait', query: { respect: false, as: 'text' } },
  ],
  contrasts: ['streams/backpressure?respect=false', 'streams/backpressure?respect=true'],
  async run({ query, signal, timeline, resources }) {
    const chunks = Math.ceil((query.megabytes * 1e6) / CHUNK_BYTES);
    const result = await resources.budgets.megabytes.use(query.megabytes, signal, () =>
      writeAll(chunks, query.respect === 'true', timeline, signal),
    );
    return { result, lesson: describe(result) };
  },
});

async function writeAll(
  chunks: number,
  respected: boolean,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Result> {
  const memory = new MemorySampler();
  const sink = new Writable({
    signal,
    highWaterMark: CHUNK_BYTES * 2,
    write: (_chunk, _encoding, done) => void setTimeout(done, SINK_MS),
  });
  let drains = 0;
  sink.on('drain', () => (drains += 1));
  const startMs = timeline.now();
  const figures = { writeSaidFalse: 0, pauses: 0, peakBufferedBytes: 0 };
  try {
    const finished = once(sink, 'finish', { signal });
    finished.catch(() => undefined); // awaited below, unless a write fails first
    for (let number = 0; number < chunks; number += 1) {
      const hasRoom = sink.write(Buffer.alloc(CHUNK_BYTES, number));
      figures.peakBufferedBytes = Math.max(figures.peakBufferedBytes, sink.writableLength);
      if (hasRoom) continue;
      figures.writeSaidFalse += 1;
      if (!respected) continue;
      figures.pauses += 1;
      const pausedAt = timeline.now();
      await once(sink, 'drain', { signal });
      if (figures.pauses > MAX_PAUSES_DRAWN) timeline.leaveOut();
      else timeline.add(`pause ${figures.pauses}`, 'source', pausedAt, timeline.now());
    }
    memory.sample();
    timeline.add('write', 'source', startMs, timeline.now());
    sink.end();
    await finished;
    const endMs = timeline.now();
    timeline.add('consume', 'sink', startMs, endMs);
    return {
      respected,
      bytes: chunks * CHUNK_BYTES,
      chunks,
      ...figures,
      drains,
      peakMemoryBytes: memory.stop().peakDeltaBytes,
      elapsedMs: toMicroseconds(endMs - startMs),
    };
  } finally {
    memory.stop();
    sink.destroy();
  }
}

function describe(result: Result): Lesson {
  const { respected, writeSaidFalse, pauses, peakBufferedBytes, elapsedMs } = result;
  const queued = bytes(peakBufferedBytes);
  const share = `${percent(peakBufferedBytes / result.bytes)} of ${bytes(result.bytes)}`;
  return respected
    ? {
        headline: `The source paused ${count(pauses, 'time')}; at most ${queued} queued`,
        text: `The source paused ${count(pauses, 'time')} for the sink. At most ${queued} was queued, ${share}. The sink had taken everything after ${ms(elapsedMs)}.`,
      }
    : {
        headline: `The source never paused; ${queued} queued in memory`,
        text: `write returned false ${count(writeSaidFalse, 'time')}, and the source kept writing. Up to ${queued} was queued in memory, ${share}. The sink still needed ${ms(elapsedMs)}.`,
      };
}
