import type { Worker } from 'node:worker_threads';
import { z } from 'zod';
import { demoRoute, oneOf, wholeNumber } from '../demo.ts';
import { toMicroseconds, type Timeline } from '../evidence/timeline.ts';
import { bytes, ms } from '../evidence/words.ts';
import { nextMessage } from '../work/thread.ts';
import type { EchoMessage } from './echo.ts';

const echo = new URL('./echo.ts', import.meta.url);

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

export const messages = demoRoute({
  method: 'get',
  path: '/messages',
  summary: 'Sends a buffer to a thread and back, cloned, transferred or shared.',
  teaches: 'Copying costs time by size; moving leaves nothing behind; sharing needs Atomics.',
  query: z.object({
    bytes: wholeNumber('Size of the buffer', { min: 1_024, max: 256_000_000, default: 16_000_000 }),
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
});

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
    timeline.add(`round ${round}: post`, 'sender', startMs, postedMs);
    timeline.add(`round ${round}: there and back`, 'both', postedMs, endMs);
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
