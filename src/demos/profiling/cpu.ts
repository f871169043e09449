import { Readable } from 'node:stream';
import { z } from 'zod';
import { bytes, count, ms, percent } from '../kit/answer/units.ts';
import { rawRoute, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { sendStream } from '../kit/send-stream.ts';
import { mediaType, setDownloadHeaders } from './download.ts';
import { profileCpu, selfTimes, toChunks, type Profile } from './profile.ts';
import { partOf, workFor, type WorkDone } from './workload.ts';

/** How many functions the result lists. */
const TOP = 8;

const functionRow = z.strictObject({
  functionName: z.string(),
  selfMs: z.number(),
  share: z.number().describe('Share of the sampled time, from 0 to 1'),
  clockMs: z.number().optional().describe('Duration of the same work by the clock, if it was measured'),
});

const result = z.strictObject({
  elapsedMs: z.number(),
  startAndStopMs: z.number().describe('Time to start and stop the profiler, in addition to the work'),
  rounds: z.number(),
  roundsWithoutProfiler: z.number().describe('Rounds of the same work in the same time without the profiler'),
  slowdown: z.number().describe('Time per round with the profiler, relative to without'),
  samples: z.number(),
  nodes: z.number().describe('Nodes of the call tree'),
  profileBytes: z.number(),
  functions: z.array(functionRow),
});
type Result = z.infer<typeof result>;

export const cpu = rawRoute({
  method: 'get',
  path: '/cpu',
  title: 'CPU profile',
  summary:
    'Profiles this worker while it works, and responds with a .cpuprofile, or with a summary for as=text.',
  teaches:
    'A sampling profiler records the call stack at a fixed interval, here every half millisecond. Open the file in the ' +
    'developer tools of a browser. `node --cpu-prof` writes the same file at exit without any code, and `node --prof` a log ' +
    'of V8 that `node --prof-process` turns into a summary.',
  query: z.object({
    ms: wholeNumber('Duration of the work, with the profiler and without it', {
      min: 50,
      max: 4_500,
      default: 800,
    }),
  }),
  response: { mediaType, description: 'A .cpuprofile for the developer tools of a browser' },
  examples: [
    { title: 'Where the time went', query: { as: 'text' } },
    { title: 'The profile itself', query: { ms: 500 }, curl: '-o worker.cpuprofile' },
  ],
  contrasts: ['profiling/heap-snapshot'],
  alone: true,
  observed: result,
  async observe({ query, signal, timeline, resources }) {
    const observed = await resources.budgets.traces.use(1, signal, async () => {
      // Half before and half after, so that a change of the machine affects both.
      const before = await timeline.record('work, no profiler', 'event loop', () =>
        workFor(query.ms / 2, signal),
      );
      const end = timeline.begin('profile', 'inspector');
      const { profile, value } = await profileCpu(() =>
        timeline.record('work', 'event loop', () => workFor(query.ms, signal)),
      );
      const { startMs, endMs } = end();
      const after = await timeline.record('work, no profiler', 'event loop', () =>
        workFor(query.ms / 2, signal),
      );
      const bare = { rounds: before.rounds + after.rounds, elapsedMs: before.elapsedMs + after.elapsedMs };
      return describe(profile, value, bare, endMs - startMs);
    });
    return { result: observed, lesson: conclude(observed) };
  },
  async send({ query, res, signal, resources }) {
    const { profile } = await resources.budgets.traces.use(1, signal, () =>
      profileCpu(() => workFor(query.ms, signal)),
    );
    setDownloadHeaders(res, 'cpuprofile');
    await sendStream(Readable.from(toChunks(profile)), res, signal);
  },
});

function describe(
  profile: Profile,
  { rounds, elapsedMs, clockMs }: WorkDone,
  bare: Pick<WorkDone, 'rounds' | 'elapsedMs'>,
  profiledMs: number,
): Result {
  const times = new Map<string, number>();
  for (const [name, selfMs] of selfTimes(profile)) {
    const part = partOf[name] ?? name;
    times.set(part, (times.get(part) ?? 0) + selfMs);
  }
  const total = [...times.values()].reduce((sum, each) => sum + each, 0);
  let profileBytes = 0;
  for (const chunk of toChunks(profile)) profileBytes += Buffer.byteLength(chunk);
  const functions = [...times]
    .sort(([, a], [, b]) => b - a)
    .slice(0, TOP)
    .map(([functionName, selfMs]) => {
      const byClock = clockMs.get(functionName);
      return {
        functionName,
        selfMs: toMicroseconds(selfMs),
        share: Math.round((1000 * selfMs) / total) / 1000,
        ...(byClock === undefined ? {} : { clockMs: toMicroseconds(byClock) }),
      };
    });
  return {
    elapsedMs: toMicroseconds(elapsedMs),
    startAndStopMs: toMicroseconds(profiledMs - elapsedMs),
    rounds,
    roundsWithoutProfiler: bare.rounds,
    slowdown: Math.round((100 * (elapsedMs / rounds)) / (bare.elapsedMs / bare.rounds)) / 100,
    samples: profile.samples?.length ?? 0,
    nodes: profile.nodes.length,
    profileBytes,
    functions,
  };
}

function conclude({ functions, samples, elapsedMs, profileBytes, startAndStopMs, slowdown }: Result): Lesson {
  const [first] = functions;
  const size = `${count(samples, 'sample')} in ${ms(elapsedMs)} make a profile of ${bytes(profileBytes)}. Starting and stopping the profiler took ${ms(startAndStopMs)}; a round of the work took ${slowdown.toFixed(2)}× as long as without it.`;
  if (first === undefined) {
    return { headline: 'The profile shows no function', text: `${size} It shows no function: raise ms.` };
  }
  const { functionName, selfMs, clockMs, share } = first;
  const headline = `"${functionName}" took ${percent(share)} of the sampled time`;
  const most = `The largest part of the time, ${ms(selfMs)}, went to "${functionName}"`;
  if (clockMs === undefined) return { headline, text: `${most}, which is not part of this work. ${size}` };
  const difference = Math.abs(selfMs - clockMs) / clockMs;
  const agreement =
    difference < 0.25
      ? `The clock agrees with ${ms(clockMs)}.`
      : `The clock measured ${ms(clockMs)}, a difference of ${percent(difference)}: the profiler missed samples, or lists a callee separately.`;
  return { headline, text: `${most}. ${agreement} ${size}` };
}
