import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber, type Demo } from '../demo.ts';
import { EventLoopProbe } from '../evidence/event-loop-probe.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { bytes, ms } from '../evidence/words.ts';
import { nextMessage } from '../work/thread.ts';
import type { EchoMessage } from './echo.ts';

const echo = new URL('./echo.ts', import.meta.url);
const busy = new URL('./busy.ts', import.meta.url);

const messagesResult = z.strictObject({
  way: z.string(),
  bytes: z.number(),
  rounds: z.number(),
  meanPostMs: z.number().describe('How long postMessage held this thread; a clone is copied in this time'),
  meanRoundTripMs: z.number(),
  bytesHereAfterPost: z.number().describe('0 where the buffer was transferred: it is detached here'),
  changeSeenHere: z
    .boolean()
    .describe('Whether what the thread wrote could be read in the buffer that was sent'),
});

export const workerThreads = {
  id: 'worker-threads',
  title: 'Worker threads',
  summary: 'Threads for JavaScript: what a message costs, and how a thread is ended.',
  teaches:
    'A worker thread has an event loop and a heap of its own. Messages are copied unless a buffer is transferred, which ' +
    'moves it, or shared, which leaves it on both sides and makes you responsible for the order of reads and writes.',
  lookFor: 'The cost of a clone grows with its size; that of a transfer and of a shared buffer does not.',
  practices: ['8.7'],
  routes: [
    demoRoute({
      method: 'get',
      path: '/messages',
      summary: 'Sends a buffer to a thread and back, cloned, transferred or shared.',
      teaches: 'Copying costs time by size; moving leaves nothing behind; sharing needs Atomics.',
      query: z.object({
        bytes: wholeNumber('Size of the buffer', { min: 1_024, max: 256_000_000, default: 32_000_000 }),
        way: oneOf('How it is sent', ['clone', 'transfer', 'shared']),
        rounds: wholeNumber('How often it goes there and back', { min: 1, max: 50, default: 5 }),
      }),
      result: messagesResult,
      examples: [
        { title: 'Copied', query: { way: 'clone', as: 'text' } },
        { title: 'Moved', query: { way: 'transfer', as: 'text' } },
        { title: 'Shared', query: { way: 'shared', as: 'text' } },
      ],
      contrasts: [
        'worker-threads/messages?way=clone',
        'worker-threads/messages?way=transfer',
        'worker-threads/messages?way=shared',
      ],
      async run({ query, signal, timeline, tools }) {
        const megabytes = Math.ceil((query.bytes * (query.way === 'clone' ? 3 : 1)) / 1e6);
        const result = await tools.budgets.megabytes.use(Math.min(megabytes, 512), signal, () =>
          tools.budgets.threads.use(1, signal, () =>
            tools.threads.run(echo, { signal }, (thread) => exchange(thread, query, timeline)),
          ),
        );
        return { result, lesson: concludeMessages(result) };
      },
    }),
    demoRoute({
      method: 'get',
      path: '/cancel',
      summary: 'Ends a thread in a busy loop by an abort signal and measures how long that takes.',
      teaches:
        'A thread that never yields hears no message, but it can be ended from outside; the process goes on.',
      query: z.object({
        afterMs: wholeNumber('When the signal is given', { min: 1, max: 2_000, default: 200 }),
      }),
      result: z.strictObject({
        ranMs: z.number().describe('How long the loop had run when the signal was given'),
        endedAfterMs: z.number().describe('From the signal to the end of the thread'),
        threadsBefore: z.number(),
        threadsAfter: z.number(),
        eventLoopMaxDelayMs: z.number().describe('What the event loop of this process felt meanwhile'),
      }),
      examples: [{ title: 'End a busy loop', query: { as: 'text' } }],
      contrasts: ['cpu/inline'],
      async run({ query, signal, timeline, tools }) {
        const result = await tools.budgets.threads.use(1, signal, async () => {
          const threadsBefore = tools.threads.size;
          const abort = new AbortController();
          const probe = new EventLoopProbe();
          let busyAt = 0;
          let abortedAt = 0;
          await tools.threads
            .run(busy, { signal: AbortSignal.any([signal, abort.signal]) }, async (thread) => {
              busyAt = (await nextMessage(thread)).atMs;
              await sleep(query.afterMs);
              abortedAt = performance.now();
              abort.abort(new Error('enough'));
              await sleep(10_000, undefined, { ref: false }); // the abort wins
            })
            .catch((error: unknown) => {
              if (!abort.signal.aborted) throw error;
            });
          const endedAt = performance.now();
          const zero = timeline.startedAt;
          timeline.add('busy loop', 'thread', busyAt - zero, abortedAt - zero);
          timeline.add('being ended', 'thread', abortedAt - zero, endedAt - zero);
          return {
            ranMs: toMicroseconds(abortedAt - busyAt),
            endedAfterMs: toMicroseconds(endedAt - abortedAt),
            threadsBefore,
            threadsAfter: tools.threads.size,
            eventLoopMaxDelayMs: probe.stop().maxDelayMs,
          };
        });
        return {
          result,
          lesson:
            `A loop that never yields ran ${ms(result.ranMs)} and was over ${ms(result.endedAfterMs)} after the signal; ` +
            `the event loop of this process was at most ${ms(result.eventLoopMaxDelayMs)} late meanwhile.`,
        };
      },
    }),
  ],
} satisfies Demo;

interface Exchange {
  readonly bytes: number;
  readonly way: EchoMessage['way'];
  readonly rounds: number;
}

async function exchange(thread: Worker, { bytes: size, way, rounds }: Exchange, timeline: Timeline) {
  await nextMessage(thread);
  const length = Math.ceil(size / 4) * 4; // Atomics work on whole words
  let buffer: ArrayBuffer | SharedArrayBuffer =
    way === 'shared' ? new SharedArrayBuffer(length) : new ArrayBuffer(length);
  const cost = { postMs: 0, roundTripMs: 0 };
  let bytesHereAfterPost = 0;
  let changeSeenHere = false;
  for (let round = 1; round <= rounds; round += 1) {
    const sent: ArrayBuffer | SharedArrayBuffer = buffer;
    const startMs = timeline.now();
    thread.postMessage({ way, buffer: sent, mark: round }, way === 'transfer' ? [sent as ArrayBuffer] : []);
    const postedMs = timeline.now();
    bytesHereAfterPost = sent.byteLength;
    const { message } = await nextMessage<Partial<EchoMessage>>(thread);
    const endMs = timeline.now();
    timeline.add(`round ${round}: post`, 'this thread', startMs, postedMs);
    timeline.add(`round ${round}: there and back`, 'both threads', postedMs, endMs);
    cost.postMs += postedMs - startMs;
    cost.roundTripMs += endMs - startMs;
    changeSeenHere = sent.byteLength > 0 && Atomics.load(new Int32Array(sent), 0) === round;
    if (way === 'transfer' && message.buffer !== undefined) buffer = message.buffer;
  }
  return {
    way,
    bytes: length,
    rounds,
    meanPostMs: toMicroseconds(cost.postMs / rounds),
    meanRoundTripMs: toMicroseconds(cost.roundTripMs / rounds),
    bytesHereAfterPost,
    changeSeenHere,
  };
}

function concludeMessages(result: z.infer<typeof messagesResult>): string {
  const cost = `${bytes(result.bytes)} there and back took ${ms(result.meanRoundTripMs)}, of which postMessage held this thread ${ms(result.meanPostMs)}`;
  const left =
    result.bytesHereAfterPost === 0
      ? 'the buffer was moved: nothing of it was left here'
      : result.changeSeenHere
        ? 'both sides have the same memory: what the thread wrote was read here'
        : 'it was copied: what the thread wrote was not seen here';
  return `${cost}; ${left}.`;
}
