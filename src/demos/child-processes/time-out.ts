import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { countSurvivors } from '../evidence/alive.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count, ms } from '../evidence/words.ts';
import { lendChild, outputOf } from '../work/lend-child.ts';

const stubborn = new URL('./stubborn.ts', import.meta.url);

const resultSchema = z.strictObject({
  child: z.string(),
  processes: z.number().describe('The program and the child it has'),
  startUpMs: z.number(),
  timeOutMs: z.number(),
  heardSigterm: z.boolean().describe('Whether the program said that SIGTERM had come'),
  endedAfterSigtermMs: z.number(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  survivors: z.number(),
});

export const timeOut = demoRoute({
  method: 'get',
  path: '/time-out',
  summary: 'A program overstays its time: SIGTERM to its group, and SIGKILL for what ignores that.',
  teaches:
    'SIGTERM is a request. A bound that must hold needs SIGKILL after a grace period, for the whole group.',
  query: z.object({
    child: oneOf('How the program takes SIGTERM', ['stubborn', 'polite']),
    timeoutMs: wholeNumber('How long it may run once it is ready', { min: 10, max: 5_000, default: 200 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'A program that ignores SIGTERM', query: { child: 'stubborn', as: 'text' } },
    { title: 'One that ends when it is asked to', query: { child: 'polite', as: 'text' } },
  ],
  contrasts: [
    'child-processes/time-out?child=stubborn',
    'child-processes/time-out?child=polite',
    'process/signals',
  ],
  async run({ query, signal, timeline, tools }) {
    const result = await tools.budgets.children.use(1, signal, () => {
      const startMs = timeline.now();
      const started = tools.children.startNode(stubborn, { args: [query.child], signal });
      return lendChild(started, async (child) => {
        const said: string[] = [];
        const ready = Promise.withResolvers<number>();
        createInterface({ input: outputOf(child) }).on('line', (line) => {
          said.push(line);
          ready.resolve(timeline.now());
        });
        void child.exited.then((exit) => ready.reject(new Error(`it ended early: ${JSON.stringify(exit)}`)));
        const readyMs = await ready.promise;
        // A signal that comes before the program listens would end it, whatever its manner.
        await sleep(query.timeoutMs, undefined, { signal });
        const askedMs = timeline.now();
        child.end('time-out');
        const { code, signal: endSignal } = await child.exited;
        const endMs = timeline.now();
        signal.throwIfAborted();
        timeline.add('start-up', query.child, startMs, readyMs);
        timeline.add('its time', query.child, readyMs, askedMs);
        timeline.add('after SIGTERM', query.child, askedMs, endMs);
        const pids = z.array(z.number()).parse(JSON.parse(said[0] ?? '[]'));
        return {
          child: query.child,
          processes: pids.length,
          startUpMs: toMicroseconds(readyMs - startMs),
          timeOutMs: query.timeoutMs,
          heardSigterm: said.includes('SIGTERM'),
          endedAfterSigtermMs: toMicroseconds(endMs - askedMs),
          exitCode: code,
          signal: endSignal,
          survivors: await countSurvivors(pids),
        };
      });
    });
    return { result, lesson: conclude(result) };
  },
});

function conclude(result: z.infer<typeof resultSchema>): string {
  const { endedAfterSigtermMs, exitCode, signal, processes, survivors } = result;
  const rest = `${survivors === 0 ? 'none' : survivors} of its ${count(processes, 'process', 'processes')} survived`;
  if (signal === 'SIGKILL') {
    const heard = result.heardSigterm ? 'said that SIGTERM had come and went on' : 'did not answer SIGTERM';
    return `The program ${heard}; SIGKILL ended it ${ms(endedAfterSigtermMs)} after it was asked to end, and ${rest}.`;
  }
  const how = signal === null ? `ended by itself with code ${exitCode}` : `was ended by ${signal}`;
  return `The program ${how}, ${ms(endedAfterSigtermMs)} after SIGTERM: nobody had to kill it, and ${rest}.`;
}
