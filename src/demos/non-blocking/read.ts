import { open } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { bytes, count, ms, percent } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { EventLoopProbe } from '../kit/measure/event-loop-probe.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { readers, styles, type Style } from './read-styles.ts';

const FIRST_LINE = 'the first line of the file\n';

const resultSchema = z.strictObject({
  style: z.enum(styles),
  bytes: z.number(),
  content: z.string().describe('The first line of the file'),
  order: z.array(z.string()).describe('The steps in the order in which they happened'),
  callMs: z.number().describe('How long the call blocked its caller'),
  readMs: z.number().describe('From the call to the content'),
  timerMaxDelayMs: z.number().describe('The longest delay of a 5 ms timer during the read'),
  ticks: z.number().describe('Ticks of that timer'),
});
type Result = z.infer<typeof resultSchema>;

export const read = demoRoute({
  method: 'get',
  path: '/read',
  title: 'Four ways to read',
  summary:
    'Reads a file with a callback, a promise, await or synchronously, and records the order of the steps.',
  teaches:
    'A callback, a promise and await all leave the event loop free during the read and differ mainly in syntax. The ' +
    'synchronous call blocks the event loop until the content is there.',
  query: z.object({
    style: oneOf('How to read the file', styles),
    bytes: wholeNumber('Size of the file', { min: 1_024, max: 256_000_000, default: 50_000_000 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'With a callback', query: { style: 'callback', as: 'text' } },
    { title: 'With a promise', query: { style: 'promise', as: 'text' } },
    { title: 'With await', query: { style: 'await', as: 'text' } },
    { title: 'Synchronously', query: { style: 'sync', as: 'text' } },
  ],
  contrasts: styles.map((style) => `non-blocking/read?style=${style}`),
  async run({ query, signal, timeline, resources }) {
    const { style, bytes: size } = query;
    const result = await resources.budgets.megabytes.use(Math.ceil(size / 1e6), signal, () =>
      resources.budgets.poolTasks.use(1, signal, () =>
        resources.scratch.withFile(size, async (path) => {
          await writeFirstLine(path);
          return observe(style, path, signal, timeline);
        }),
      ),
    );
    return { result, lesson: conclude(result) };
  },
});

async function writeFirstLine(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(FIRST_LINE, 0);
  } finally {
    await file.close();
  }
}

async function observe(style: Style, path: string, signal: AbortSignal, timeline: Timeline): Promise<Result> {
  const order: string[] = [];
  let received: Buffer = Buffer.alloc(0);
  let returnedMs = 0;
  let contentMs = 0;
  const probe = new EventLoopProbe();
  await new Promise((resolve) => setImmediate(resolve)); // so that the probe's timer is due during the read
  const timer = setTimeout(() => order.push('a timer'), 0);
  try {
    const startMs = performance.now();
    order.push('call');
    await readers[style](
      path,
      signal,
      () => {
        returnedMs = performance.now();
        order.push('next statement');
      },
      (content) => {
        contentMs = performance.now();
        received = content;
        order.push('content');
      },
    );
    const { maxDelayMs, ticks } = probe.stop();
    await new Promise((resolve) => setTimeout(resolve, 2)); // so that a delayed timer is in the order, too
    const zero = timeline.startedAt;
    timeline.add('call', 'event loop', startMs - zero, returnedMs - zero);
    timeline.add('read', style === 'sync' ? 'event loop' : 'pool', startMs - zero, contentMs - zero);
    return {
      style,
      bytes: received.length,
      content: received.toString('utf8', 0, FIRST_LINE.length).trim(),
      order,
      callMs: toMicroseconds(returnedMs - startMs),
      readMs: toMicroseconds(contentMs - startMs),
      timerMaxDelayMs: maxDelayMs,
      ticks,
    };
  } finally {
    clearTimeout(timer);
    probe.stop();
  }
}

function conclude(result: Result): Lesson {
  const { bytes: size, order, callMs, readMs, timerMaxDelayMs, ticks } = result;
  const returnedFirst = order.indexOf('next statement') < order.indexOf('content');
  const timerFirst = order.indexOf('a timer') < order.indexOf('content');
  const share = timerMaxDelayMs / readMs;
  const delay = `A 5 ms timer was up to ${ms(timerMaxDelayMs)} late (${percent(share)} of the read) and ticked ${count(ticks, 'time')}.`;
  if (!returnedFirst) {
    return {
      headline: `The call returned only with the content, after ${ms(callMs)}`,
      text:
        `The call blocked its caller for ${ms(callMs)} and returned with the content, ${bytes(size)}. ${delay} ` +
        (share > 0.5
          ? 'The event loop was blocked during the read.'
          : 'The read was too short to delay the timer. Request more `bytes`.'),
    };
  }
  return {
    headline: `The call returned after ${ms(callMs)}, the content came after ${ms(readMs)}`,
    text:
      `The call blocked its caller for ${ms(callMs)}; the content, ${bytes(size)}, came after ${ms(readMs)}. ` +
      `${timerFirst ? 'A timer ran in between.' : 'The read was too fast for a timer to run in between.'} ${delay}` +
      (share > 0.5 ? ' Something else blocked the event loop.' : ''),
  };
}
