import { readFile, readFileSync } from 'node:fs';
import { open, readFile as readFilePromise } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { EventLoopProbe } from '../evidence/event-loop-probe.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { bytes, count, ms, percent } from '../evidence/words.ts';

const styles = ['callback', 'promise', 'await', 'sync'] as const;
type Style = (typeof styles)[number];

const FIRST_LINE = 'the first line of the file\n';

const resultSchema = z.strictObject({
  style: z.enum(styles),
  bytes: z.number(),
  content: z.string().describe('The first line that was read'),
  order: z.array(z.string()).describe('What happened, in this order'),
  callMs: z.number().describe('How long the call itself held its caller'),
  readMs: z.number().describe('From the call to the content'),
  heldMs: z.number().describe('The longest time a 5 ms timer was late meanwhile'),
  ticks: z.number().describe('Ticks of that timer'),
});
type Result = z.infer<typeof resultSchema>;

/** Calls `done` with the content, in one style; what is noted after the call is the next statement of the caller. */
type Reader = (
  path: string,
  signal: AbortSignal,
  returned: () => void,
  done: (content: Buffer) => void,
) => Promise<void>;

export const read = demoRoute({
  method: 'get',
  path: '/read',
  summary: 'Reads one file with a callback, a promise, await or synchronously, and records the order.',
  teaches:
    'The three asynchronous styles differ in how they read, not in what they do; the synchronous one stops everything.',
  query: z.object({
    style: oneOf('How it is read', styles),
    bytes: wholeNumber('Size of the file', { min: 1_024, max: 256_000_000, default: 50_000_000 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'With a callback', query: { style: 'callback', as: 'text' } },
    { title: 'With a promise', query: { style: 'promise', as: 'text' } },
    { title: 'With await', query: { style: 'await', as: 'text' } },
    { title: 'Synchronously: nothing else happens meanwhile', query: { style: 'sync', as: 'text' } },
  ],
  contrasts: styles.map((style) => `non-blocking/read?style=${style}`),
  async run({ query, signal, timeline, tools }) {
    const { style, bytes: size } = query;
    const result = await tools.budgets.megabytes.use(Math.ceil(size / 1e6), signal, () =>
      tools.budgets.poolTasks.use(1, signal, () =>
        tools.scratch.lendFile(size, async (path) => {
          await writeFirstLine(path);
          return observe(style, path, signal, timeline);
        }),
      ),
    );
    return { result, lesson: conclude(result) };
  },
});

const readers: Readonly<Record<Style, Reader>> = {
  callback: (path, signal, returned, done) =>
    new Promise((resolve, reject) => {
      readFile(path, { signal }, (error, content) => {
        if (error !== null) {
          reject(error);
          return;
        }
        done(content);
        resolve();
      });
      returned();
    }),
  promise: (path, signal, returned, done) => {
    const content = readFilePromise(path, { signal }).then(done);
    returned();
    return content;
  },
  await: async (path, signal, returned, done) => {
    // What follows `await` is the continuation; the next statement of everybody else is in the caller.
    const readAndFinish = async () => done(await readFilePromise(path, { signal }));
    const finished = readAndFinish();
    returned();
    await finished;
  },
  sync: async (path, _signal, returned, done) => {
    done(readFileSync(path));
    returned();
  },
};

async function observe(style: Style, path: string, signal: AbortSignal, timeline: Timeline): Promise<Result> {
  const order: string[] = [];
  let received: Buffer = Buffer.alloc(0);
  let returnedMs = 0;
  let contentMs = 0;
  const probe = new EventLoopProbe();
  await new Promise((resolve) => setImmediate(resolve)); // so that the probe's timer is due while the file is read
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
    await new Promise((resolve) => setTimeout(resolve, 2)); // a timer that was kept waiting shall be seen in the order
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
      heldMs: maxDelayMs,
      ticks,
    };
  } finally {
    clearTimeout(timer);
    probe.stop();
  }
}

async function writeFirstLine(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.write(FIRST_LINE, 0);
  } finally {
    await file.close();
  }
}

function conclude({ bytes: size, order, callMs, readMs, heldMs, ticks }: Result): string {
  const wentOn = order.indexOf('next statement') < order.indexOf('content');
  const others = order.indexOf('a timer') < order.indexOf('content');
  const share = heldMs / readMs;
  const held = `a 5 ms timer was at most ${ms(heldMs)} late (${percent(share)} of the read) and ticked ${count(ticks, 'time')}`;
  if (!wentOn) {
    return (
      `The call came back only with the content, ${bytes(size)} after ${ms(callMs)}` +
      (share > 0.5
        ? `: nothing else happened in this process meanwhile, for ${held}.`
        : `; that is too short for the timer to feel it (${held}). Ask for more bytes.`)
    );
  }
  return (
    `The call held its caller ${ms(callMs)} and the content, ${bytes(size)}, came after ${ms(readMs)}` +
    (others ? '; a timer ran in between' : '; it was so quick that not even a timer ran in between') +
    (share > 0.5 ? `, yet ${held}: something else held the event loop.` : `, and ${held}.`)
  );
}
