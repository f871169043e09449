import { fork } from 'node:child_process';
import process from 'node:process';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { minimalEnvironment } from '../kit/resources/children.ts';
import { nextChildMessage } from '../kit/resources/with-child.ts';
import { childReport, endSchema, hasShell, type ChildReport } from './child-report.ts';

const program = new URL('./report-child.ts', import.meta.url);

export const forkRoute = demoRoute({
  method: 'get',
  path: '/fork',
  title: 'Exchange messages with a child',
  summary: 'Starts a Node.js program with a message channel and exchanges messages with it.',
  teaches:
    'fork adds a channel for messages, so that no text has to be parsed. A message is a copy: parent and child share no ' +
    'variable. Starting a process is expensive, a message to it is cheap.',
  query: z.object({
    messages: wholeNumber('Message round trips', { min: 1, max: 10_000, default: 500 }),
  }),
  result: z.strictObject({
    child: childReport,
    shell: z.boolean(),
    startUpMs: z.number().describe('From the start to the first message of the child'),
    messages: z.number(),
    meanRoundTripMs: z.number(),
    valueHere: z.number().describe('The value of the object that was sent, after the child added 1 to it'),
    valueInChild: z.number().describe('The value in the message that the child sent back'),
    ...endSchema,
  }),
  examples: [{ title: 'Exchange messages', query: { as: 'text' } }],
  contrasts: ['child-processes/exec-file', 'child-processes/spawn', 'worker-threads/messages'],
  async run({ query, signal, timeline, resources }) {
    const result = await resources.budgets.children.use(1, signal, async () => {
      const startMs = timeline.now();
      const detached = process.platform !== 'win32'; // leads a process group
      const started = fork(program, {
        execArgv: ['--disable-warning=ExperimentalWarning'],
        env: minimalEnvironment,
        silent: true,
        detached,
      });
      const child = resources.children.watch(started, { signal, leadsGroup: detached });
      const report = await nextChildMessage<ChildReport>(child);
      const readyMs = timeline.now();
      const sent = { value: 0 };
      let received = sent;
      for (let message = 1; message <= query.messages; message += 1) {
        child.send(sent);
        received = await nextChildMessage<typeof sent>(child);
      }
      const doneMs = timeline.now();
      // The child closes the channel: if the parent does, Node.js never emits 'close' for the child.
      child.send('end');
      const { code, signal: endSignal } = await child.exited;
      timeline.add('startup', 'child', startMs, readyMs);
      timeline.add(count(query.messages, 'message'), 'child', readyMs, doneMs);
      timeline.add('end', 'child', doneMs, timeline.now());
      return {
        child: childReport.parse(report),
        shell: hasShell(report),
        startUpMs: toMicroseconds(readyMs - startMs),
        messages: query.messages,
        meanRoundTripMs: toMicroseconds((doneMs - readyMs) / query.messages),
        valueHere: sent.value,
        valueInChild: received.value,
        exitCode: code,
        signal: endSignal,
      };
    });
    const roundTrips = Math.round(result.startUpMs / result.meanRoundTripMs);
    return {
      result,
      lesson: {
        headline: `Starting the child took as long as ${count(roundTrips, 'message round trip')}`,
        text:
          `Process ${result.child.pid} was ready after ${ms(result.startUpMs)}. ` +
          `${count(result.messages, 'message')} went there and back, in ${ms(result.meanRoundTripMs)} each on average. ` +
          (result.valueHere === result.valueInChild
            ? 'The child changed the object of this process.'
            : `The child added 1 to the object that it received; here it still has ${result.valueHere}, because a message is a copy.`),
      },
    };
  },
});
