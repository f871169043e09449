import cluster from 'node:cluster';
import { performance } from 'node:perf_hooks';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { getHeapSnapshot } from 'node:v8';
import { z } from 'zod';
import { rawRoute, wholeNumber, type Demo } from '../demo.ts';
import { EventLoopProbe } from '../evidence/event-loop-probe.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { bytes, count, ms, percent } from '../evidence/words.ts';
import { sendStream } from '../work/send-stream.ts';
import { profileCpu, selfTimes, toPieces, type Profile } from './profile.ts';
import { partOf, workFor, type WorkDone } from './workload.ts';

const download = 'application/octet-stream';
const TOP = 8;

const functionRow = z.strictObject({
  functionName: z.string(),
  selfMs: z.number(),
  share: z.number().describe('Of all sampled time, from 0 to 1'),
  clockMs: z.number().optional().describe('What the same work took by the clock, where it is known'),
});

const profileResult = z.strictObject({
  elapsedMs: z.number(),
  startAndStopMs: z.number().describe('What starting and stopping the profiler took beside the work'),
  rounds: z.number(),
  samples: z.number(),
  nodes: z.number().describe('Places in call stacks that were seen'),
  profileBytes: z.number(),
  functions: z.array(functionRow),
});
type ProfileSeen = z.infer<typeof profileResult>;

const snapshotResult = z.strictObject({
  snapshotBytes: z.number(),
  chunks: z.number(),
  heapUsedBytes: z.number(),
  firstChunkMs: z.number().describe('The heap is walked before the first byte'),
  elapsedMs: z.number(),
  eventLoopMaxDelayMs: z.number().describe('What every other request of this worker had to wait'),
});
type SnapshotSeen = z.infer<typeof snapshotResult>;

export const profiling = {
  id: 'profiling',
  title: 'Profiling',
  summary: 'Where CPU time and memory go, asked of the running worker itself.',
  teaches:
    'The inspector is in every Node.js process and can be used from within: a CPU profile is cheap enough for a service ' +
    'that runs, a heap snapshot holds it for as long as its heap is large.',
  lookFor: 'selfMs against clockMs: the sampler and the clock should agree on what took the time.',
  practices: ['5.7', '5.8', '5.10'],
  routes: [
    rawRoute({
      method: 'get',
      path: '/cpu',
      summary: 'A CPU profile of this worker while it works, as a .cpuprofile; with as=text, what it shows.',
      teaches:
        'A sampler looks at the stack many times a second; open the file in the developer tools of a browser.',
      query: z.object({ ms: wholeNumber('How long it works', { min: 50, max: 10_000, default: 800 }) }),
      response: { mediaType: download, description: 'A .cpuprofile for the developer tools of a browser' },
      examples: [
        { title: 'What took the time', query: { as: 'text' } },
        { title: 'The profile itself', query: { ms: 500 }, curl: '-o worker.cpuprofile' },
      ],
      contrasts: ['profiling/heap-snapshot'],
      observed: profileResult,
      async observe({ query, signal, timeline, tools }) {
        const seen = await tools.budgets.traces.use(1, signal, async () => {
          const end = timeline.begin('profile', 'inspector');
          const { profile, value } = await profileCpu(() =>
            timeline.record('work', 'event loop', () => workFor(query.ms, signal)),
          );
          const { startMs, endMs } = end();
          return describeProfile(profile, value, endMs - startMs);
        });
        return { result: seen, lesson: concludeProfile(seen) };
      },
      async send({ query, res, signal, tools }) {
        const { profile } = await tools.budgets.traces.use(1, signal, () =>
          profileCpu(() => workFor(query.ms, signal)),
        );
        nameFile(res, 'cpuprofile');
        await sendStream(Readable.from(toPieces(profile)), res, signal);
      },
    }),
    rawRoute({
      method: 'post',
      path: '/heap-snapshot',
      danger: true,
      summary: 'Every object of this worker, streamed as a .heapsnapshot; with as=text, what that cost.',
      teaches:
        'A snapshot holds the event loop while the heap is walked and holds all that was in memory, secrets included: ' +
        'never offer it to the public.',
      response: { mediaType: download, description: 'A .heapsnapshot for the developer tools of a browser' },
      examples: [
        { title: 'What it costs', query: { as: 'text' } },
        { title: 'The snapshot itself', curl: '-o worker.heapsnapshot' },
      ],
      contrasts: ['profiling/cpu'],
      observed: snapshotResult,
      async observe({ signal, timeline, tools }) {
        const seen = await tools.budgets.traces.use(1, signal, () => measureSnapshot(signal));
        timeline.add('walk the heap', 'event loop', 0, seen.firstChunkMs);
        timeline.add('stream it', 'event loop', seen.firstChunkMs, seen.elapsedMs);
        return { result: seen, lesson: concludeSnapshot(seen) };
      },
      async send({ res, signal, tools }) {
        await tools.budgets.traces.use(1, signal, async () => {
          nameFile(res, 'heapsnapshot');
          await sendStream(getHeapSnapshot(), res, signal);
        });
      },
    }),
  ],
} satisfies Demo;

function nameFile(res: { set(headers: Record<string, string>): unknown }, type: string): void {
  res.set({
    'Content-Type': download,
    'Content-Disposition': `attachment; filename="worker-${cluster.worker?.id ?? 0}.${type}"`,
    'Cache-Control': 'no-store',
  });
}

function describeProfile(profile: Profile, work: WorkDone, profiledMs: number): ProfileSeen {
  const { rounds, elapsedMs, byClockMs } = work;
  const times = new Map<string, number>();
  for (const [name, self] of selfTimes(profile)) {
    const part = partOf[name] ?? name;
    times.set(part, (times.get(part) ?? 0) + self);
  }
  const total = [...times.values()].reduce((sum, each) => sum + each, 0);
  let profileBytes = 0;
  for (const piece of toPieces(profile)) profileBytes += Buffer.byteLength(piece);
  return {
    elapsedMs: toMicroseconds(elapsedMs),
    startAndStopMs: toMicroseconds(profiledMs - elapsedMs),
    rounds,
    samples: profile.samples?.length ?? 0,
    nodes: profile.nodes.length,
    profileBytes,
    functions: [...times]
      .sort(([, a], [, b]) => b - a)
      .slice(0, TOP)
      .map(([functionName, selfMs]) => {
        const clockMs = byClockMs.get(functionName);
        return {
          functionName,
          selfMs: toMicroseconds(selfMs),
          share: Math.round((1000 * selfMs) / total) / 1000,
          ...(clockMs === undefined ? {} : { clockMs: toMicroseconds(clockMs) }),
        };
      }),
  };
}

function concludeProfile(seen: ProfileSeen): string {
  const { functions, samples, elapsedMs, profileBytes, startAndStopMs } = seen;
  const [first] = functions;
  const taken = `${count(samples, 'sample')} in ${ms(elapsedMs)} make a profile of ${bytes(profileBytes)}, and starting and stopping it took ${ms(startAndStopMs)}`;
  if (first === undefined) return `${taken}; it shows no function at all: raise ms.`;
  const most = `most time went into «${first.functionName}»: ${ms(first.selfMs)}, ${percent(first.share)} of it`;
  if (first.clockMs === undefined) return `${taken}; ${most}, which is not part of the work done here.`;
  const apart = Math.abs(first.selfMs - first.clockMs) / first.clockMs;
  const agreement =
    apart < 0.25
      ? `the clock agrees (${ms(first.clockMs)})`
      : `the clock says ${ms(first.clockMs)}, ${percent(apart)} apart: the sampler missed some, or counts a callee on its own`;
  return `${taken}; ${most}; ${agreement}.`;
}

async function measureSnapshot(signal: AbortSignal): Promise<SnapshotSeen> {
  const heapUsedBytes = process.memoryUsage().heapUsed;
  const probe = new EventLoopProbe();
  try {
    await new Promise((resolve) => setImmediate(resolve)); // so that the probe's timer is due meanwhile
    const startedAt = performance.now();
    const seen = { bytes: 0, chunks: 0, firstMs: 0 };
    const sink = new Writable({
      write(chunk: Buffer, _encoding, done) {
        if (seen.chunks === 0) seen.firstMs = performance.now() - startedAt;
        seen.chunks += 1;
        seen.bytes += chunk.length;
        done();
      },
    });
    await pipeline(getHeapSnapshot(), sink, { signal });
    return {
      snapshotBytes: seen.bytes,
      chunks: seen.chunks,
      heapUsedBytes,
      firstChunkMs: toMicroseconds(seen.firstMs),
      elapsedMs: toMicroseconds(performance.now() - startedAt),
      eventLoopMaxDelayMs: probe.stop().maxDelayMs,
    };
  } finally {
    probe.stop();
  }
}

function concludeSnapshot(seen: SnapshotSeen): string {
  const { snapshotBytes, heapUsedBytes, eventLoopMaxDelayMs, elapsedMs } = seen;
  return (
    `A heap of ${bytes(heapUsedBytes)} made a snapshot of ${bytes(snapshotBytes)} in ${ms(elapsedMs)}, ` +
    `and this worker did nothing else for up to ${ms(eventLoopMaxDelayMs)} of it: take one from a worker that is out of service.`
  );
}
