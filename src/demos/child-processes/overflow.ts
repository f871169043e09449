import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { bytes, count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { countSurvivors } from '../kit/measure/alive.ts';
import { peakMemory } from '../kit/measure/delivery.ts';
import { describePeak, MemorySampler } from '../kit/measure/memory-sampler.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { childFailed } from '../kit/problems.ts';
import { readWithExecFile, readWithSpawn } from './bounded-output.ts';

const resultSchema = z.strictObject({
  way: z.string(),
  printedBytes: z.number().describe('How much the program is asked to print'),
  maxBufferBytes: z.number(),
  keptBytes: z.number(),
  overflow: z.boolean(),
  errorCode: z.string().nullable(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  processes: z.number().describe('The program and its child'),
  survivedTheKill: z.number().describe('How many of them still ran when the call had reported the end'),
  survivors: z.number().describe('How many of them still run after the whole group was killed'),
  endedMs: z.number(),
  peakMemoryBytes: peakMemory,
});
type Result = z.infer<typeof resultSchema>;

export const overflow = demoRoute({
  method: 'get',
  path: '/overflow',
  title: 'Limit the output',
  summary: 'A program exceeds the output limit: it is killed with its descendants, and the request fails.',
  teaches:
    'maxBuffer limits what execFile keeps and kills the program that exceeds it, but not the processes that the program ' +
    'started: killing its process group ends them too.',
  query: z.object({
    bytes: wholeNumber('How much the program prints, in bytes', {
      min: 0,
      max: 100_000_000,
      default: 20_000_000,
    }),
    maxBuffer: wholeNumber('How much of it may be kept, in bytes', {
      min: 1_000,
      max: 16_000_000,
      default: 1_000_000,
    }),
    way: oneOf('How the output is read', ['exec-file', 'spawn']),
    respondWith: oneOf('The response to an overflow', ['error', 'evidence']),
  }),
  alone: true,
  result: resultSchema,
  problems: [childFailed],
  examples: [
    { title: 'Too much output fails the request', status: 502 },
    { title: 'The same, with its figures', query: { respondWith: 'evidence', as: 'text' } },
    {
      title: 'Streamed, with the group killed at the limit',
      query: { way: 'spawn', respondWith: 'evidence', as: 'text' },
    },
    { title: 'Output within the limit', query: { bytes: 10_000, as: 'text' } },
  ],
  contrasts: ['child-processes/overflow?way=spawn', 'child-processes/stream', 'worker-threads/memory-limit'],
  async run({ query, signal, timeline, resources }) {
    const result = await resources.budgets.children.use(1, signal, async () => {
      const memory = new MemorySampler();
      try {
        const read = query.way === 'spawn' ? readWithSpawn : readWithExecFile;
        const endSpan = timeline.begin(query.way, 'child');
        const { pids, ...output } = await read(
          { ...query, onKept: () => memory.sample() },
          { signal, resources },
        );
        const { startMs, endMs } = endSpan();
        return {
          way: query.way,
          printedBytes: query.bytes,
          maxBufferBytes: query.maxBuffer,
          ...output,
          processes: pids.length,
          survivors: await countSurvivors(pids),
          endedMs: toMicroseconds(endMs - startMs),
          peakMemoryBytes: memory.stop().peakDeltaBytes,
        };
      } finally {
        memory.stop();
      }
    });
    const lesson = conclude(result);
    if (result.overflow && query.respondWith === 'error')
      throw new Problem(childFailed, { detail: lesson.text });
    return { result, lesson };
  },
});

function conclude(result: Result): Lesson {
  const { keptBytes, printedBytes, maxBufferBytes, survivedTheKill, signal, exitCode } = result;
  if (!result.overflow) {
    return {
      headline: `${bytes(keptBytes)} of output stayed within the limit of ${bytes(maxBufferBytes)}`,
      text: `The program printed ${bytes(keptBytes)} and ended by itself with code ${exitCode}.`,
    };
  }
  const processes = count(result.processes, 'process', 'processes');
  const end = signal === null ? `It ended with code ${exitCode}` : `${signal} ended it`;
  const kill =
    survivedTheKill === 0
      ? `The kill at the limit ended ${processes} at once`
      : `The kill at the limit ended the program only, and ${survivedTheKill} of ${processes} kept running until a second kill`;
  return {
    headline: `${bytes(keptBytes)} of ${bytes(printedBytes)} of output was kept`,
    text:
      `The program exceeded the limit of ${bytes(maxBufferBytes)}. ${end} after ${ms(result.endedMs)}, and this process used ` +
      `${describePeak(result.peakMemoryBytes)} for its output. ${kill}; ${result.survivors || 'none'} of them survived.`,
  };
}
