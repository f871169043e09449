import { z } from 'zod';
import { bytes, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import type { Child } from '../kit/resources/children.ts';
import { stdoutOf, withChild } from '../kit/resources/with-child.ts';

const program = new URL('./last-words-child.ts', import.meta.url);

const ways = ['exit', 'exitCode', 'callback'] as const;

const resultSchema = z.strictObject({
  way: z.enum(ways),
  printedBytes: z.number(),
  arrivedBytes: z.number(),
  lostBytes: z.number(),
  writeReturned: z.boolean().describe('False if the stream still held output when write returned'),
  exitCode: z.number().nullable(),
  events: z.array(z.string()).describe('What happened in the child after its write, in order'),
  neverFired: z.array(z.string()).describe('Timers that were started and never fired'),
  endedMs: z.number().describe('From the first byte to the exit'),
});
type Result = z.infer<typeof resultSchema>;

export const lastWords = demoRoute({
  method: 'get',
  path: '/last-words',
  title: 'Print and exit',
  summary:
    'Lets a child print into a pipe and end in one of three ways, and counts the bytes that its parent receives.',
  teaches:
    'process.exit ends the process with its output still in memory: a pipe takes only what fits, and the exit code does not ' +
    'show the loss. Set process.exitCode and let the process run out of work, or exit in the callback of the last write.',
  query: z.object({
    way: oneOf(
      'How the child ends: process.exit at once, by process.exitCode alone, or process.exit in the callback of its write',
      ways,
    ),
    bytes: wholeNumber('Bytes to print', { min: 1, max: 10_000_000, default: 1_000_000 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'process.exit at once', query: { way: 'exit', as: 'text' } },
    { title: 'process.exitCode', query: { way: 'exitCode', as: 'text' } },
    { title: 'process.exit after the write', query: { way: 'callback', as: 'text' } },
    { title: 'Output that fits into the pipe', query: { way: 'exit', bytes: 1000, as: 'text' } },
  ],
  contrasts: [
    'process/last-words?way=exit',
    'process/last-words?way=exitCode',
    'process/last-words?way=callback',
    'process/exit-codes',
  ],
  async run({ query: { way, bytes: printed }, signal, timeline, resources }) {
    const result = await resources.budgets.children.use(1, signal, () =>
      withChild(resources.children.startNode(program, { signal, args: [way, String(printed)] }), (child) =>
        watchEnd(child, way, printed, timeline),
      ),
    );
    signal.throwIfAborted();
    return { result, lesson: conclude(result) };
  },
});

async function watchEnd(
  child: Child,
  way: Result['way'],
  printed: number,
  timeline: Timeline,
): Promise<Result> {
  let arrivedBytes = 0;
  let firstByteMs: number | undefined;
  let lastByteMs = 0;
  stdoutOf(child).on('data', (chunk: Buffer) => {
    firstByteMs ??= timeline.now();
    lastByteMs = timeline.now();
    arrivedBytes += chunk.length;
  });
  let reports = '';
  child.process.stderr?.setEncoding('utf8').on('data', (text: string) => (reports += text));
  const { code } = await child.exited;
  const endMs = timeline.now();
  firstByteMs ??= endMs;
  timeline.add('output arrives', 'parent', firstByteMs, Math.max(firstByteMs, lastByteMs));
  timeline.add(`until it exits (${way})`, 'child', firstByteMs, endMs);
  return {
    way,
    printedBytes: printed,
    arrivedBytes,
    lostBytes: printed - arrivedBytes,
    exitCode: code,
    ...readReports(reports),
    endedMs: toMicroseconds(endMs - firstByteMs),
  };
}

/** What the child reported: `write false`, `start timer`, `fire timer`, `event exit`. */
export function readReports(reports: string): Pick<Result, 'writeReturned' | 'events' | 'neverFired'> {
  const lines = reports.trim().split('\n');
  const named = (kind: string) =>
    lines.filter((line) => line.startsWith(`${kind} `)).map((line) => line.slice(kind.length + 1));
  const fired = named('fire');
  return {
    writeReturned: named('write')[0] === 'true',
    events: lines
      .filter((line) => /^(event|fire) /.test(line))
      .map((line) => line.slice(line.indexOf(' ') + 1)),
    neverFired: named('start').filter((timer) => !fired.includes(timer)),
  };
}

const deeds: Readonly<Record<Result['way'], string>> = {
  exit: 'process.exit at once',
  exitCode: 'process.exitCode',
  callback: 'process.exit after the write',
};

export function conclude(result: Result): Lesson {
  const { way, printedBytes, arrivedBytes, lostBytes, exitCode, events, neverFired, endedMs } = result;
  const order = `In the child: ${events.join(', ')}.`;
  const timers = neverFired.length === 0 ? 'Every timer fired.' : `Never fired: ${neverFired.join(', ')}.`;
  const beforeExit = events.includes('beforeExit') ? '' : ' beforeExit was not emitted.';
  const account = `${order}${beforeExit} ${timers}`;
  if (lostBytes > 0) {
    return {
      headline: `${deeds[way]} lost ${bytes(lostBytes)} of ${bytes(printedBytes)}`,
      text: `Only ${bytes(arrivedBytes)} fitted into the pipe before the process was gone. Its exit code is ${exitCode ?? 'missing'}, which does not show the loss. ${account}`,
    };
  }
  if (way === 'exit') {
    return {
      headline: 'This run does not tell: the pipe took all output at once',
      text: `All ${bytes(printedBytes)} arrived, because the pipe had room. Print more to see what is lost. ${account}`,
    };
  }
  return {
    headline: `${deeds[way]} delivered all ${bytes(printedBytes)}`,
    text: `The process exited ${ms(endedMs)} after its first byte, when the pipe had taken everything. ${account}`,
  };
}
