import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { countSurvivors } from '../kit/measure/alive.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { stdoutOf, withChild } from '../kit/resources/with-child.ts';

const program = new URL('./stubborn-child.ts', import.meta.url);

const resultSchema = z.strictObject({
  child: z.string(),
  processes: z.number().describe('The program and its child'),
  startUpMs: z.number(),
  timeOutMs: z.number(),
  receivedSigterm: z.boolean().describe('Whether the program reported that it received SIGTERM'),
  endedAfterSigtermMs: z.number(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  survivors: z.number(),
});

export const timeOut = demoRoute({
  method: 'get',
  path: '/time-out',
  title: 'Enforce a time limit',
  summary:
    'Sends SIGTERM to the group of a program that exceeds its time limit, then SIGKILL if it ignores that.',
  teaches:
    'SIGTERM is a request that a program may ignore. A time limit that must hold needs SIGKILL after a grace period, sent ' +
    'to the whole process group.',
  query: z.object({
    child: oneOf('How the program reacts to SIGTERM', ['stubborn', 'polite']),
    timeoutMs: wholeNumber('How long it may run once it is ready, in milliseconds', {
      min: 10,
      max: 5_000,
      default: 200,
    }),
  }),
  result: resultSchema,
  examples: [
    { title: 'A program that ignores SIGTERM', query: { child: 'stubborn', as: 'text' } },
    { title: 'A program that exits on SIGTERM', query: { child: 'polite', as: 'text' } },
  ],
  contrasts: [
    'child-processes/time-out?child=stubborn',
    'child-processes/time-out?child=polite',
    'process/signals',
  ],
  async run({ query, signal, timeline, resources }) {
    const result = await resources.budgets.children.use(1, signal, () => {
      const startMs = timeline.now();
      const started = resources.children.startNode(program, { args: [query.child], signal });
      return withChild(started, async (child) => {
        const lines: string[] = [];
        const ready = Promise.withResolvers<number>();
        createInterface({ input: stdoutOf(child) }).on('line', (line) => {
          lines.push(line);
          ready.resolve(timeline.now());
        });
        void child.exited.then((exit) =>
          ready.reject(new Error(`the child ended before it was ready: ${JSON.stringify(exit)}`)),
        );
        // Before the program listens, SIGTERM would end it in either case.
        const readyMs = await ready.promise;
        await sleep(query.timeoutMs, undefined, { signal });
        const sigtermMs = timeline.now();
        child.end('time-out');
        const { code, signal: endSignal } = await child.exited;
        const endMs = timeline.now();
        signal.throwIfAborted();
        timeline.add('startup', query.child, startMs, readyMs);
        timeline.add('allowed time', query.child, readyMs, sigtermMs);
        timeline.add('after SIGTERM', query.child, sigtermMs, endMs);
        const pids = z.array(z.number()).parse(JSON.parse(lines[0] ?? '[]'));
        return {
          child: query.child,
          processes: pids.length,
          startUpMs: toMicroseconds(readyMs - startMs),
          timeOutMs: query.timeoutMs,
          receivedSigterm: lines.includes('SIGTERM'),
          endedAfterSigtermMs: toMicroseconds(endMs - sigtermMs),
          exitCode: code,
          signal: endSignal,
          survivors: await countSurvivors(pids),
        };
      });
    });
    return { result, lesson: conclude(result) };
  },
});

function conclude(result: z.infer<typeof resultSchema>): Lesson {
  const { receivedSigterm, exitCode, signal } = result;
  const after = `${ms(result.endedAfterSigtermMs)} after SIGTERM`;
  const survivors = `${result.survivors || 'None'} of its ${count(result.processes, 'process', 'processes')} survived.`;
  if (signal === 'SIGKILL') {
    const reaction = receivedSigterm ? 'received SIGTERM and kept running' : 'did not report SIGTERM';
    return {
      headline: `SIGKILL ended the program ${after}`,
      text: `The program ${reaction}, so SIGKILL had to end it. ${survivors}`,
    };
  }
  const end = signal === null ? `ended by itself with code ${exitCode}` : `was ended by ${signal}`;
  return {
    headline: `The program ended ${after}`,
    text: `The program ${end}. SIGKILL was not needed. ${survivors}`,
  };
}
