import { once } from 'node:events';
import { Writable } from 'node:stream';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { MemorySampler } from '../evidence/memory-sampler.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { bytes, count, ms, percent } from '../evidence/words.ts';

const CHUNK_BYTES = 64 * 1024;
/** How long the sink takes for a chunk; a timer takes at least a millisecond. */
const SINK_MS = 1;
/** More pauses than these show nothing more. */
const MAX_DRAWN = 8;

const flow = z.strictObject({
  respected: z.boolean(),
  bytes: z.number(),
  chunks: z.number(),
  writeSaidFalse: z.number().describe('How often the sink asked to wait'),
  pauses: z.number().describe('How often the source waited'),
  drains: z.number(),
  peakBufferedBytes: z.number().describe('The most that the sink had not yet taken'),
  peakMemoryBytes: z.number().describe('Heap and buffers beyond what was in use before'),
  elapsedMs: z.number(),
});
type Flow = z.infer<typeof flow>;

export const backpressureRoutes = [
  demoRoute({
    method: 'get',
    path: '/backpressure',
    summary: 'A fast source and a slow sink: the source waits for drain, or does not care.',
    teaches:
      'Back-pressure costs no time, for the sink decides the pace either way; it saves the memory of all that would queue.',
    query: z.object({
      respect: oneOf('Whether the source waits when write says false', ['true', 'false']),
      megabytes: wholeNumber('How much is written', { min: 1, max: 64, default: 16 }),
    }),
    result: flow,
    examples: [
      { title: 'The source waits', query: { respect: true, as: 'text' } },
      { title: 'The source does not care', query: { respect: false, as: 'text' } },
    ],
    contrasts: ['streams/backpressure?respect=false', 'streams/backpressure?respect=true'],
    async run({ query, signal, timeline, tools }) {
      const chunks = Math.ceil((query.megabytes * 1e6) / CHUNK_BYTES);
      const result = await tools.budgets.megabytes.use(query.megabytes, signal, () =>
        pour(chunks, query.respect === 'true', timeline, signal),
      );
      return { result, lesson: conclude(result) };
    },
  }),
];

async function pour(
  chunks: number,
  respect: boolean,
  timeline: Timeline,
  signal: AbortSignal,
): Promise<Flow> {
  const memory = new MemorySampler();
  const sink = new Writable({
    signal,
    highWaterMark: CHUNK_BYTES * 2,
    write: (_chunk, _encoding, done) => void setTimeout(done, SINK_MS),
  });
  let drains = 0;
  sink.on('drain', () => (drains += 1));
  const startMs = timeline.now();
  const seen = { writeSaidFalse: 0, pauses: 0, peakBufferedBytes: 0 };
  try {
    const finished = once(sink, 'finish', { signal });
    finished.catch(() => undefined); // it is waited for below, unless writing fails first
    for (let number = 0; number < chunks; number += 1) {
      const more = sink.write(Buffer.alloc(CHUNK_BYTES, number));
      seen.peakBufferedBytes = Math.max(seen.peakBufferedBytes, sink.writableLength);
      if (more) continue;
      seen.writeSaidFalse += 1;
      if (!respect) continue;
      seen.pauses += 1;
      const waitedFrom = timeline.now();
      await once(sink, 'drain', { signal });
      if (seen.pauses > MAX_DRAWN) timeline.leaveOut();
      else timeline.add(`waits, ${seen.pauses}`, 'source', waitedFrom, timeline.now());
    }
    memory.sample();
    timeline.add('writes', 'source', startMs, timeline.now());
    sink.end();
    await finished;
    const endMs = timeline.now();
    timeline.add('takes it', 'sink', startMs, endMs);
    return {
      respected: respect,
      bytes: chunks * CHUNK_BYTES,
      chunks,
      ...seen,
      drains,
      peakMemoryBytes: memory.stop().peakDeltaBytes,
      elapsedMs: toMicroseconds(endMs - startMs),
    };
  } finally {
    memory.stop();
    sink.destroy();
  }
}

function conclude({
  respected,
  bytes: total,
  writeSaidFalse,
  pauses,
  peakBufferedBytes,
  elapsedMs,
}: Flow): string {
  const share = `${bytes(peakBufferedBytes)} queued, ${percent(peakBufferedBytes / total)} of ${bytes(total)}`;
  return respected
    ? `The source paused ${count(pauses, 'time')} for the sink: at most ${share}, and all was written after ${ms(elapsedMs)}.`
    : `write said false ${count(writeSaidFalse, 'time')} and the source went on: at most ${share}, in memory at once, and the sink still took ${ms(elapsedMs)}.`;
}
