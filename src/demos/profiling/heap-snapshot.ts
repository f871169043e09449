import { performance } from 'node:perf_hooks';
import { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setImmediate as nextIteration } from 'node:timers/promises';
import { getHeapSnapshot } from 'node:v8';
import { z } from 'zod';
import { bytes, ms } from '../kit/answer/units.ts';
import { rawRoute, type Lesson } from '../kit/demo.ts';
import { EventLoopProbe } from '../kit/measure/event-loop-probe.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { sendStream } from '../kit/send-stream.ts';
import { mediaType, setDownloadHeaders } from './download.ts';

const result = z.strictObject({
  snapshotBytes: z.number(),
  chunks: z.number(),
  heapUsedBytes: z.number(),
  firstChunkMs: z.number().describe('Time to the first chunk: V8 walks the heap before it'),
  elapsedMs: z.number(),
  eventLoopMaxDelayMs: z.number().describe('How long other requests of this worker had to wait'),
});
type Result = z.infer<typeof result>;

export const heapSnapshot = rawRoute({
  method: 'post',
  path: '/heap-snapshot',
  title: 'Heap snapshot',
  danger: true,
  summary: 'Streams all objects of this worker as a .heapsnapshot, or responds with its cost for as=text.',
  teaches:
    'A snapshot blocks the event loop while V8 walks the heap, with a large heap for longer than the watchdog allows: then ' +
    'it ends the worker. A snapshot contains everything in memory, including secrets: never expose it publicly. ' +
    '`--heapsnapshot-signal` takes one on a signal, and `--heap-prof` samples allocations at a fraction of the cost.',
  response: { mediaType, description: 'A .heapsnapshot for the developer tools of a browser' },
  examples: [
    { title: 'What a snapshot costs', query: { as: 'text' } },
    { title: 'The snapshot itself', curl: '-o worker.heapsnapshot' },
  ],
  contrasts: ['profiling/cpu'],
  observed: result,
  async observe({ signal, timeline, resources }) {
    const observed = await resources.budgets.traces.use(1, signal, () => measureSnapshot(signal));
    timeline.add('walk the heap', 'event loop', 0, observed.firstChunkMs);
    timeline.add('stream the snapshot', 'event loop', observed.firstChunkMs, observed.elapsedMs);
    return { result: observed, lesson: conclude(observed) };
  },
  async send({ res, signal, resources }) {
    await resources.budgets.traces.use(1, signal, async () => {
      setDownloadHeaders(res, 'heapsnapshot');
      await sendStream(getHeapSnapshot(), res, signal);
    });
  },
});

async function measureSnapshot(signal: AbortSignal): Promise<Result> {
  const heapUsedBytes = process.memoryUsage().heapUsed;
  const probe = new EventLoopProbe();
  try {
    await nextIteration(); // so that the probe's timer is due during the snapshot
    const startedAt = performance.now();
    let firstChunkMs = 0;
    let chunks = 0;
    let snapshotBytes = 0;
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        if (chunks === 0) firstChunkMs = performance.now() - startedAt;
        chunks += 1;
        snapshotBytes += chunk.length;
        done();
      },
    });
    await pipeline(getHeapSnapshot(), sink, { signal });
    return {
      snapshotBytes,
      chunks,
      heapUsedBytes,
      firstChunkMs: toMicroseconds(firstChunkMs),
      elapsedMs: toMicroseconds(performance.now() - startedAt),
      eventLoopMaxDelayMs: probe.stop().maxDelayMs,
    };
  } finally {
    probe.stop();
  }
}

function conclude({ snapshotBytes, heapUsedBytes, eventLoopMaxDelayMs, elapsedMs }: Result): Lesson {
  return {
    headline: `The snapshot blocked this worker for up to ${ms(eventLoopMaxDelayMs)}`,
    text:
      `A heap of ${bytes(heapUsedBytes)} became a snapshot of ${bytes(snapshotBytes)} in ${ms(elapsedMs)}. For up to ` +
      `${ms(eventLoopMaxDelayMs)} of that this worker did nothing else. Take snapshots only of a worker that is out of service.`,
  };
}
