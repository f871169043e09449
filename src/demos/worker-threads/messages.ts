import { MessageChannel, receiveMessageOnPort, type Worker } from 'node:worker_threads';
import { z } from 'zod';
import { bytes, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type Lesson } from '../kit/demo.ts';
import { fastestMs } from '../kit/measure/fastest.ts';
import { toMicroseconds, type Timeline } from '../kit/measure/timeline.ts';
import { perService } from '../kit/resources/per-service.ts';
import { nextMessage } from '../kit/resources/threads.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import type { EchoMessage } from './echo-thread.ts';

const echoProgram = new URL('./echo-thread.ts', import.meta.url);

const resultSchema = z.strictObject({
  way: z.string(),
  bytes: z.number(),
  rounds: z.number(),
  meanPostMs: z.number().describe('How long postMessage blocked this thread, which includes copying a clone'),
  meanRoundTripMs: z.number(),
  bytesHereAfterPost: z.number().describe('0 after a transfer, which detaches the buffer on this side'),
  changeSeenHere: z
    .boolean()
    .describe('Whether the value that the thread wrote appeared in the buffer on this side'),
  instanceKeepsClass: z.boolean().describe('Whether an instance of a class is still one after a message'),
  functionError: z.string().describe('The error of a message that contains a function, or none'),
});
type Result = z.infer<typeof resultSchema>;

export const messages = demoRoute({
  method: 'get',
  path: '/messages',
  title: 'Clone, transfer or share',
  summary: 'Sends a buffer to a thread and back: cloned, transferred or shared.',
  teaches:
    'A clone (structured clone) copies the buffer, so its cost grows with the size: threads do not share memory by ' +
    'themselves. A transfer moves a buffer and detaches it on the sending side; only a SharedArrayBuffer is shared. A clone ' +
    'loses the class of an object and cannot copy a function (DataCloneError).',
  query: z.object({
    bytes: wholeNumber('Size of the buffer', { min: 1_024, max: 32_000_000, default: 16_000_000 }),
    way: oneOf('How to send it', ['clone', 'transfer', 'shared']),
    rounds: wholeNumber('Number of round trips', { min: 1, max: 50, default: 5 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'Clone', query: { way: 'clone', as: 'text' } },
    { title: 'Transfer', query: { way: 'transfer', as: 'text' } },
    { title: 'Share', query: { way: 'shared', as: 'text' } },
  ],
  contrasts: [
    'worker-threads/messages?way=clone',
    'worker-threads/messages?way=transfer',
    'worker-threads/messages?way=shared',
  ],
  async run({ query, signal, timeline, resources }) {
    if (query.way === 'clone') {
      const copyMs = (copyMsOf(resources) * query.bytes) / SAMPLE_BYTES;
      rejectLongWork('run', CLONES * query.rounds * copyMs, ['bytes', 'rounds']);
    }
    const megabytes = Math.ceil((query.bytes * (query.way === 'clone' ? 3 : 1)) / 1e6);
    const result = await resources.budgets.megabytes.use(megabytes, signal, () =>
      resources.budgets.threads.use(1, signal, () =>
        resources.threads.run(echoProgram, { signal }, (thread) => exchange(thread, query, timeline)),
      ),
    );
    return { result: { ...result, ...sendUncloneable() }, lesson: conclude(result) };
  },
});

const SAMPLE_BYTES = 4_000_000;
/** Each round clones the buffer twice: there and back. */
const CLONES = 2;
/** Measured once for each service. */
const copyMsOf = perService(() => {
  const sample = new ArrayBuffer(SAMPLE_BYTES);
  return fastestMs(6, () => void structuredClone(sample));
});

class Sample {
  readonly value = 1;
}

/** Sends what a clone cannot carry over. */
function sendUncloneable(): { readonly instanceKeepsClass: boolean; readonly functionError: string } {
  const { port1, port2 } = new MessageChannel();
  try {
    port1.postMessage(new Sample());
    const received: unknown = receiveMessageOnPort(port2)?.message;
    let functionError = 'none';
    try {
      port1.postMessage(sendUncloneable);
    } catch (error) {
      functionError = (error as Error).name;
    }
    return { instanceKeepsClass: received instanceof Sample, functionError };
  } finally {
    port1.close();
  }
}

interface Exchange {
  readonly bytes: number;
  readonly way: EchoMessage['way'];
  readonly rounds: number;
}

async function exchange(thread: Worker, { bytes: size, way, rounds }: Exchange, timeline: Timeline) {
  await nextMessage(thread);
  const length = Math.ceil(size / 4) * 4; // the Int32Array needs whole elements
  let buffer: ArrayBuffer | SharedArrayBuffer =
    way === 'shared' ? new SharedArrayBuffer(length) : new ArrayBuffer(length);
  let postMs = 0;
  let roundTripMs = 0;
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
    postMs += postedMs - startMs;
    roundTripMs += endMs - startMs;
    changeSeenHere = sent.byteLength > 0 && Atomics.load(new Int32Array(sent), 0) === round;
    if (way === 'transfer' && message.buffer !== undefined) buffer = message.buffer;
  }
  return {
    way,
    bytes: length,
    rounds,
    meanPostMs: toMicroseconds(postMs / rounds),
    meanRoundTripMs: toMicroseconds(roundTripMs / rounds),
    bytesHereAfterPost,
    changeSeenHere,
  };
}

function conclude(result: Omit<Result, 'instanceKeepsClass' | 'functionError'>): Lesson {
  const [verb, effect] =
    result.bytesHereAfterPost === 0
      ? ['Transferring', 'The buffer was moved: on this side it is empty now.']
      : result.changeSeenHere
        ? ['Sharing', 'Both threads use the same memory: the value that the thread wrote was read here.']
        : ['Cloning', 'The buffer was copied: the value that the thread wrote did not appear here.'];
  const size = bytes(result.bytes);
  return {
    headline: `${verb} ${size} blocked the sender for ${ms(result.meanPostMs)}`,
    text: `A round trip of ${size} took ${ms(result.meanRoundTripMs)}, and postMessage blocked this thread for ${ms(result.meanPostMs)} of that. ${effect}`,
  };
}
