import { z } from 'zod';
import { demoRoute, wholeNumber } from '../demo.ts';
import { toMicroseconds } from '../evidence/timeline.ts';
import { count, ms } from '../evidence/words.ts';
import { messageOf } from '../work/lend-child.ts';
import { childReport, endSchema, type ChildReport } from './child-report.ts';

const report = new URL('./report.ts', import.meta.url);

export const forkRoute = demoRoute({
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
      const childSaid = await messageOf<ChildReport>(child);
      const readyMs = timeline.now();
      for (let message = 1; message <= query.messages; message += 1) {
        child.send({ message });
        await messageOf(child);
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
});
