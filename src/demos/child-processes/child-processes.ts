import { execFile } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { demoRoute, rawRoute, wholeNumber, type Demo } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { bytes, count, ms } from '../evidence/words.ts';
import { minimalEnvironment, nodeArguments, type Child } from '../work/child.ts';

const report = new URL('./report.ts', import.meta.url);
const lines = new URL('./lines.ts', import.meta.url);

const childReport = z.strictObject({
  pid: z.number(),
  parentPid: z.number(),
  arguments: z.array(z.string()),
  rssBytes: z.number(),
  hasChannel: z.boolean(),
});
type ChildReport = z.infer<typeof childReport>;

const endSchema = { exitCode: z.number().nullable(), signal: z.string().nullable() };

export const childProcesses = {
  id: 'child-processes',
  title: 'Child processes',
  summary:
    'Other programs as children: how each way to start one differs, and how they are bounded and ended.',
  teaches:
    'execFile buffers what a program prints and gives it at the end; spawn streams it as it comes; fork starts Node.js ' +
    'with a channel for messages. None of these needs a shell. A child leads a process group here, so that nothing it ' +
    'starts outlives the request.',
  lookFor: 'firstOutputMs against endedMs: buffered output comes with the end, streamed output long before.',
  practices: ['6.15'],
  routes: [
    demoRoute({
      method: 'get',
      path: '/exec-file',
      summary: 'Runs a program without a shell and gives all its output at the end.',
      teaches:
        'Buffered: right for a short output. Arguments go to the program as they are, for no shell reads them.',
      result: z.strictObject({
        child: childReport,
        shell: z.boolean(),
        firstOutputMs: z.number(),
        endedMs: z.number(),
        ...endSchema,
      }),
      examples: [{ title: 'Run and read', query: { as: 'text' } }],
      contrasts: ['child-processes/spawn', 'child-processes/fork'],
      async run({ signal, timeline, tools }) {
        const result = await tools.budgets.children.use(1, signal, async () => {
          const startMs = timeline.now();
          const started = execFile(process.execPath, [...nodeArguments(report), '$(whoami); *'], {
            env: minimalEnvironment,
            maxBuffer: 64 * 1024,
          });
          const child = tools.children.watch(started, { signal, leadsGroup: false });
          let output = '';
          started.stdout?.on('data', (chunk: string) => {
            output += chunk;
          });
          const { code, signal: endSignal } = await child.exited;
          signal.throwIfAborted();
          const endMs = timeline.now();
          timeline.add('run, buffered', 'child', startMs, endMs);
          const elapsed = toMicroseconds(endMs - startMs);
          // execFile hands the output over when the child has ended, and not before.
          return {
            child: parse(output),
            shell: false,
            firstOutputMs: elapsed,
            endedMs: elapsed,
            exitCode: code,
            signal: endSignal,
          };
        });
        return {
          result,
          lesson:
            `Process ${result.child.pid} ran ${ms(result.endedMs)}, took ${bytes(result.child.rssBytes)} and gave its output when it had ended; ` +
            `the argument «${result.child.arguments.join(' ')}» arrived as it was, for no shell read it.`,
        };
      },
    }),
    demoRoute({
      method: 'get',
      path: '/spawn',
      summary: 'Runs a program and reads its output line by line as it comes.',
      teaches: 'Streamed: the first line is here long before the program ends, however much it prints.',
      query: z.object({ lines: wholeNumber('Lines to print', { min: 1, max: 100_000, default: 5_000 }) }),
      result: z.strictObject({
        lines: z.number(),
        shell: z.boolean(),
        firstOutputMs: z.number(),
        endedMs: z.number(),
        ...endSchema,
      }),
      examples: [{ title: 'Read as it comes', query: { as: 'text' } }],
      contrasts: ['child-processes/exec-file', 'child-processes/fork'],
      async run({ query, signal, timeline, tools }) {
        const result = await tools.budgets.children.use(1, signal, async () => {
          const startMs = timeline.now();
          const child = tools.children.startNode(lines, { args: [String(query.lines), 'printer'], signal });
          let seen = 0;
          let firstMs = 0;
          const output = createInterface({ input: stdoutOf(child) });
          output.on('line', () => {
            if (seen === 0) firstMs = timeline.now();
            seen += 1;
          });
          await once(output, 'close');
          const { code, signal: endSignal } = await child.exited;
          signal.throwIfAborted();
          const endMs = timeline.now();
          timeline.add('start-up', 'child', startMs, firstMs);
          timeline.add(count(seen, 'line'), 'child', firstMs, endMs);
          return {
            lines: seen,
            shell: false,
            firstOutputMs: toMicroseconds(firstMs - startMs),
            endedMs: toMicroseconds(endMs - startMs),
            exitCode: code,
            signal: endSignal,
          };
        });
        return {
          result,
          lesson:
            `The first of ${count(result.lines, 'line')} was here ${ms(result.firstOutputMs)} after the start, ` +
            `${ms(result.endedMs - result.firstOutputMs)} before the program had ended.`,
        };
      },
    }),
    demoRoute({
      method: 'get',
      path: '/fork',
      summary: 'Starts a Node.js program with a channel and exchanges messages with it.',
      teaches: 'Messages instead of text: the start of a process is dear, a message to it is cheap.',
      query: z.object({
        messages: wholeNumber('Messages there and back', { min: 1, max: 10_000, default: 500 }),
      }),
      result: z.strictObject({
        child: childReport,
        shell: z.boolean(),
        startUpMs: z.number(),
        messages: z.number(),
        meanRoundTripMs: z.number(),
        ...endSchema,
      }),
      examples: [{ title: 'Exchange messages', query: { as: 'text' } }],
      contrasts: ['child-processes/exec-file', 'child-processes/spawn', 'worker-threads/messages'],
      async run({ query, signal, timeline, tools }) {
        const result = await tools.budgets.children.use(1, signal, async () => {
          const startMs = timeline.now();
          // What fork() does: Node.js as the program, and a fourth descriptor for messages.
          const child = tools.children.startNode(report, { ipc: true, signal });
          const childSaid = await nextMessage<ChildReport>(child);
          const readyMs = timeline.now();
          for (let message = 1; message <= query.messages; message += 1) {
            child.send({ message });
            await nextMessage(child);
          }
          const doneMs = timeline.now();
          // The child closes the channel: where the parent does, Node.js never emits its 'close' event.
          child.send('end');
          const { code, signal: endSignal } = await child.exited;
          timeline.add('start-up', 'child', startMs, readyMs);
          timeline.add(count(query.messages, 'message'), 'child', readyMs, doneMs);
          timeline.add('end', 'child', doneMs, timeline.now());
          return {
            child: childSaid,
            shell: false,
            startUpMs: toMicroseconds(readyMs - startMs),
            messages: query.messages,
            meanRoundTripMs: toMicroseconds((doneMs - readyMs) / query.messages),
            exitCode: code,
            signal: endSignal,
          };
        });
        return {
          result,
          lesson:
            `Starting process ${result.child.pid} took ${ms(result.startUpMs)}, as long as ${Math.round(result.startUpMs / result.meanRoundTripMs)} of the ` +
            `${count(result.messages, 'message')} that went there and back in ${ms(result.meanRoundTripMs)} each.`,
        };
      },
    }),
    rawRoute({
      method: 'get',
      path: '/stream',
      summary: 'Streams what a child and its own child print to the client, as fast as the client reads.',
      teaches:
        'Back-pressure reaches through the pipe into the child; a client that leaves ends it and its descendants.',
      query: z.strictObject({
        lines: wholeNumber('Lines to print', { min: 1, max: 100_000_000, default: 1_000 }),
      }),
      response: { mediaType: 'text/plain', description: 'One line after the other' },
      examples: [
        { title: 'A thousand lines', query: { lines: 1_000 } },
        {
          title: 'Leave early: the child and its descendants end',
          query: { lines: 100_000_000 },
          pipe: 'head -3',
        },
      ],
      contrasts: ['child-processes/exec-file'],
      async send({ query, res, signal, tools }) {
        await tools.budgets.children.use(1, signal, async () => {
          const child = tools.children.startNode(lines, {
            args: [String(query.lines)],
            signal,
            timeoutMs: 300_000,
          });
          res.type('text').set('Cache-Control', 'no-store');
          try {
            await pipeline(stdoutOf(child), res, { signal });
          } finally {
            child.end('aborted');
            await child.exited;
          }
        });
      },
    }),
  ],
} satisfies Demo;

function stdoutOf(child: Child): NodeJS.ReadableStream & AsyncIterable<Buffer> {
  if (child.process.stdout === null) throw new Error('the child was started without a pipe for its output');
  return child.process.stdout;
}

async function nextMessage<T>(child: Child): Promise<T> {
  const [message] = (await Promise.race([
    once(child.process, 'message'),
    child.exited.then((exit) => Promise.reject(new Error(`the child ended: ${JSON.stringify(exit)}`))),
  ])) as [T];
  return message;
}

function parse(output: string): ChildReport {
  return childReport.parse(JSON.parse(output));
}
