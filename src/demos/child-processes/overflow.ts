import { execFile, type ExecFileException } from 'node:child_process';
import { existsSync } from 'node:fs';
import process from 'node:process';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall } from '../demo.ts';
import { countSurvivors, isAlive } from '../evidence/alive.ts';
import { MemorySampler } from '../evidence/memory-sampler.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { bytes, count, ms } from '../evidence/words.ts';
import { minimalEnvironment, nodeArguments } from '../work/child.ts';
import { lendChild, outputOf } from '../work/lend-child.ts';

const flood = new URL('./flood.ts', import.meta.url);

const query = z.object({
  bytes: wholeNumber('What the program prints', { min: 0, max: 100_000_000, default: 20_000_000 }),
  maxBuffer: wholeNumber('What is kept of it at most, in bytes', {
    min: 1_000,
    max: 16_000_000,
    default: 1_000_000,
  }),
  way: oneOf('How it is read', ['exec-file', 'spawn']),
  answer: oneOf('What an overflow becomes', ['problem', 'evidence']),
});

const resultSchema = z.strictObject({
  way: z.string(),
  printedBytes: z.number().describe('What the program was to print'),
  maxBufferBytes: z.number(),
  keptBytes: z.number(),
  overflow: z.boolean(),
  errorCode: z.string().nullable(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  processes: z.number().describe('The program and the child it has'),
  survivedTheKill: z.number().describe('How many of them ran on when the call had reported the end'),
  survivors: z.number().describe('How many of them run now, after the end of the whole group'),
  endedMs: z.number(),
  peakMemoryBytes: z.number().describe('Heap and buffers of this process beyond what was in use before'),
});
type Result = z.infer<typeof resultSchema>;

export const overflow = demoRoute({
  method: 'get',
  path: '/overflow',
  summary: 'A program prints more than is kept: it is cut, killed with all it started, and a problem.',
  teaches:
    'maxBuffer bounds what execFile keeps and kills the program that exceeds it, but not what that program has started: ' +
    'only a process group ends all of it.',
  query,
  result: resultSchema,
  examples: [
    { title: 'Too much output: a problem', status: 502 },
    { title: 'The same, with its figures', query: { answer: 'evidence', as: 'text' } },
    {
      title: 'Streamed, and the group killed at the bound',
      query: { way: 'spawn', answer: 'evidence', as: 'text' },
    },
    { title: 'Little enough', query: { bytes: 10_000, as: 'text' } },
  ],
  contrasts: ['child-processes/overflow?way=spawn', 'child-processes/stream', 'worker-threads/memory-limit'],
  async run({ query: asked, signal, timeline, tools }) {
    const result = await tools.budgets.children.use(1, signal, async () => {
      const memory = new MemorySampler();
      try {
        const startMs = timeline.now();
        const run = asked.way === 'spawn' ? readStreamed : readBuffered;
        const { pids, ...seen } = await run(asked, { signal, tools });
        const { startMs: from, endMs } = timeline.add(asked.way, 'child', startMs, timeline.now());
        return {
          way: asked.way,
          printedBytes: asked.bytes,
          maxBufferBytes: asked.maxBuffer,
          ...seen,
          processes: pids.length,
          survivors: await countSurvivors(pids),
          endedMs: toMicroseconds(endMs - from),
          peakMemoryBytes: memory.stop().peakDeltaBytes,
        };
      } finally {
        memory.stop();
      }
    });
    const lesson = conclude(result);
    if (result.overflow && asked.answer === 'problem') throw new Problem('child-failed', { detail: lesson });
    return { result, lesson };
  },
});

type Asked = z.infer<typeof query>;
type Call = Pick<DemoCall<never, never, never>, 'signal' | 'tools'>;

/** With execFile's own bound. */
async function readBuffered({ bytes: size, maxBuffer }: Asked, { signal, tools }: Call) {
  const setsid = findSetsid();
  const [command, ...args] = [...setsid, process.execPath, ...nodeArguments(flood), String(size)] as [string];
  const { promise, resolve } = Promise.withResolvers<{
    error: ExecFileException | null;
    output: Buffer;
    survivedTheKill: number;
  }>();
  const options = {
    maxBuffer,
    env: minimalEnvironment,
    encoding: 'buffer',
    killSignal: 'SIGKILL',
  } as const;
  const started = execFile(command, args, options, (error, output) => {
    // Looked at in this very turn: afterwards the group is ended.
    resolve({ error, output, survivedTheKill: pidsIn(output).filter(isAlive).length });
  });
  const child = tools.children.watch(started, { signal, leadsGroup: setsid.length > 0 });
  return lendChild(child, async () => {
    const { error, output, survivedTheKill } = await promise;
    const { code, signal: endSignal } = await child.exited;
    signal.throwIfAborted();
    const pids = pidsIn(output);
    if (setsid.length === 0) killEach(pids);
    const errorCode = error === null ? null : String(error.code);
    return {
      keptBytes: output.length,
      overflow: errorCode === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER',
      errorCode,
      exitCode: code,
      signal: endSignal,
      survivedTheKill,
      pids,
    };
  });
}

/** With a bound of our own on a stream, at which the whole group is killed. */
function readStreamed({ bytes: size, maxBuffer }: Asked, { signal, tools }: Call) {
  return lendChild(tools.children.startNode(flood, { args: [String(size)], signal }), async (child) => {
    const kept: Buffer[] = [];
    let keptBytes = 0;
    let exceeded = false;
    for await (const chunk of outputOf(child) as AsyncIterable<Buffer>) {
      kept.push(chunk.subarray(0, maxBuffer - keptBytes));
      exceeded = keptBytes + chunk.length > maxBuffer;
      keptBytes = Math.min(maxBuffer, keptBytes + chunk.length);
      if (exceeded) {
        child.kill('SIGKILL');
        break;
      }
    }
    const { code, signal: endSignal } = await child.exited;
    signal.throwIfAborted();
    const pids = pidsIn(Buffer.concat(kept));
    return {
      keptBytes,
      overflow: exceeded,
      errorCode: null,
      exitCode: code,
      signal: endSignal,
      survivedTheKill: await countSurvivors(pids, 200),
      pids,
    };
  });
}

/**
 * execFile knows no `detached`, so a group has to be made by a program that becomes the other one; it is the same
 * process then. Not every system has it.
 */
function findSetsid(): string[] {
  const path = ['/usr/bin/setsid', '/bin/setsid'].find((candidate) => existsSync(candidate));
  return path === undefined ? [] : [path];
}

/** The first line of the program's output. */
function pidsIn(output: Buffer): number[] {
  const end = output.indexOf('\n');
  return end === -1 ? [] : z.array(z.number()).parse(JSON.parse(output.toString('utf8', 0, end)));
}

function killEach(pids: readonly number[]): void {
  for (const pid of pids.filter(isAlive)) process.kill(pid, 'SIGKILL');
}

function conclude(result: Result): string {
  const { keptBytes, printedBytes, maxBufferBytes, survivedTheKill, processes, signal } = result;
  const survived = result.survivors === 0 ? 'none' : `${result.survivors}`;
  if (!result.overflow) {
    return `The program printed ${bytes(keptBytes)}, within the bound of ${bytes(maxBufferBytes)}, and ended by itself with code ${result.exitCode}.`;
  }
  const kill =
    survivedTheKill === 0
      ? `the kill at the bound ended ${count(processes, 'process', 'processes')} at once`
      : `the kill at the bound ended the program only, and ${survivedTheKill} of ${count(processes, 'process', 'processes')} ran on until the group was ended`;
  return (
    `Of ${bytes(printedBytes)} of output ${bytes(keptBytes)} were kept; the program was ended by ${signal ?? 'nothing'} after ${ms(result.endedMs)}, and ` +
    `this process held at most ${bytes(result.peakMemoryBytes)} for it. By ${result.way}, ${kill}; ${survived} of them survived.`
  );
}
