import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { bytes, count } from '../kit/answer/units.ts';
import { demoRoute, oneOf, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { framings } from './decoders.ts';
import { overTcp } from './tcp.ts';

const ways = ['data', 'length', 'lines'] as const satisfies readonly (keyof typeof framings)[];

/** One message in so many is long. */
const LONG_EVERY = 10;
const SHOWN_EVENTS = 8;
/** How late a timer fires, at least. */
const TIMER_LATE_MS = 1.5;

const resultSchema = z.strictObject({
  way: z.enum(ways),
  messages: z.number(),
  sentBytes: z.number(),
  dataEvents: z.number().describe('Chunks in which they arrived'),
  merged: z.number().describe('Chunks that hold more than one message, or parts of several'),
  split: z.number().describe('Messages that arrived in more than one chunk'),
  decoded: z.number().describe('What the receiver took for a message'),
  right: z.number().describe('Messages that were decoded as they were sent'),
  firstEvents: z.array(z.strictObject({ bytes: z.number(), holds: z.string() })),
});
export type Result = z.infer<typeof resultSchema>;

export const framing = demoRoute({
  method: 'get',
  path: '/framing',
  title: 'Frame messages',
  summary: 'Sends JSON messages over one TCP connection and decodes them in one of three ways.',
  teaches:
    'A data event is no message: the kernel merges and splits what was written. Code that parses each chunk works while ' +
    'messages are small and rare, and fails under load. Put the length before each message, or a delimiter after it.',
  query: z.object({
    way: oneOf('Where a message ends: with its data event, by a length prefix, or by a newline', ways),
    messages: wholeNumber('Messages to send', { min: 1, max: 500, default: 100 }),
    longBytes: wholeNumber(`The length of every ${LONG_EVERY}th message`, {
      min: 1,
      max: 200_000,
      default: 100_000,
    }),
    pauseMs: wholeNumber('The pause after each message, in milliseconds', { min: 0, max: 20, default: 0 }),
  }),
  result: resultSchema,
  examples: [
    { title: 'Each data event is a message', query: { way: 'data', as: 'text' } },
    { title: 'A length before each message', query: { way: 'length', as: 'text' } },
    { title: 'A newline after each message', query: { way: 'lines', as: 'text' } },
    { title: 'Short and rare messages', query: { way: 'data', longBytes: 1, pauseMs: 5, as: 'text' } },
  ],
  contrasts: [
    'net/framing?way=data',
    'net/framing?way=length',
    'net/framing?way=lines',
    'streams/ndjson',
    'streams/chain',
  ],
  async run(call) {
    const { messages, pauseMs } = call.query;
    rejectLongWork('run', pauseMs === 0 ? 0 : messages * (pauseMs + TIMER_LATE_MS), ['messages', 'pauseMs']);
    const result = await exchange(call);
    return { result, lesson: conclude(result) };
  },
});

type FramingCall = DemoCall<
  unknown,
  {
    readonly way: Result['way'];
    readonly messages: number;
    readonly longBytes: number;
    readonly pauseMs: number;
  },
  unknown
>;

async function exchange({ query, signal, timeline }: FramingCall): Promise<Result> {
  const { way, messages, longBytes, pauseMs } = query;
  const texts = Array.from({ length: messages }, (_, index) => createMessage(index + 1, longBytes));
  const frames = texts.map((text) => framings[way].encode(text));
  const sentBytes = frames.reduce((sum, frame) => sum + frame.length, 0);
  const decode = framings[way].createDecoder();
  const chunks: number[] = [];
  const decoded: string[] = [];
  const received = Promise.withResolvers<undefined>();

  await overTcp(
    {},
    (socket) => {
      socket.on('data', (chunk) => {
        chunks.push(chunk.length);
        try {
          decoded.push(...decode(chunk));
        } catch {
          socket.destroy(); // where the next message begins is not known either
        }
      });
      socket.on('close', () => received.resolve(undefined));
    },
    async (socket) => {
      const end = timeline.begin(count(messages, 'message'), 'client');
      for (const frame of frames) {
        // Waits for 'drain' as a sender should; that does not make messages of chunks.
        if (!socket.write(frame)) await Promise.race([once(socket, 'drain', { signal }), received.promise]);
        if (pauseMs > 0) await sleep(pauseMs, undefined, { signal });
      }
      socket.end();
      end();
      await timeline.record('reads the rest', 'server', () => received.promise);
    },
    signal,
  );
  signal.throwIfAborted();
  const sent = new Set(texts);
  return {
    way,
    messages,
    sentBytes,
    dataEvents: chunks.length,
    ...compareBoundaries(
      frames.map(({ length }) => length),
      chunks,
    ),
    decoded: decoded.length,
    right: new Set(decoded.filter((text) => sent.has(text))).size,
  };
}

function createMessage(number: number, longBytes: number): string {
  const text = number % LONG_EVERY === 0 ? 'x'.repeat(longBytes) : 'grüße';
  return JSON.stringify({ number, text });
}

/** Compares where messages and chunks begin and end. */
export function compareBoundaries(
  messages: readonly number[],
  chunks: readonly number[],
): Pick<Result, 'merged' | 'split' | 'firstEvents'> {
  const parts = messages.map(() => 0);
  const firstEvents: Result['firstEvents'] = [];
  let merged = 0;
  let message = 0;
  let messageEnd = messages[0] ?? 0;
  let start = 0;
  for (const length of chunks) {
    const end = start + length;
    const isWhole = start === messageEnd - (messages[message] ?? 0);
    const first = message;
    parts[message] = (parts[message] ?? 0) + 1;
    while (messageEnd < end) {
      message += 1;
      messageEnd += messages[message] ?? Infinity;
      parts[message] = (parts[message] ?? 0) + 1;
    }
    if (message > first) merged += 1;
    if (firstEvents.length < SHOWN_EVENTS) {
      firstEvents.push({ bytes: length, holds: nameParts(first, message, isWhole, messageEnd === end) });
    }
    if (messageEnd === end) {
      message += 1;
      messageEnd += messages[message] ?? 0;
    }
    start = end;
  }
  return { merged, split: parts.filter((many) => many > 1).length, firstEvents };
}

/** "1 to 9, part of 10" */
function nameParts(first: number, last: number, startsWhole: boolean, endsWhole: boolean): string {
  if (first === last) return `${startsWhole && endsWhole ? '' : 'part of '}${first + 1}`;
  const from = startsWhole ? first : first + 1;
  const to = endsWhole ? last : last - 1;
  const whole = from > to ? [] : [from === to ? `${from + 1}` : `${from + 1} to ${to + 1}`];
  return [
    ...(startsWhole ? [] : [`part of ${first + 1}`]),
    ...whole,
    ...(endsWhole ? [] : [`part of ${last + 1}`]),
  ].join(', ');
}

const names: Readonly<Record<Result['way'], string>> = {
  data: 'One message per data event',
  length: 'A length prefix',
  lines: 'A newline after each',
};

export function conclude(result: Result): Lesson {
  const { way, messages, sentBytes, dataEvents, merged, split, decoded, right } = result;
  const arrival =
    `${count(messages, 'message')} of ${bytes(sentBytes)} in total arrived in ${count(dataEvents, 'data event')}: ` +
    `${merged} held parts of several messages, and ${count(split, 'message was', 'messages were')} split.`;
  if (merged + split === 0) {
    return {
      headline: 'This run does not tell: every message arrived on its own',
      text: `${arrival} Nothing guarantees this: send without a pause, or longer messages.`,
    };
  }
  return {
    headline: `${names[way]}: ${right} of ${count(messages, 'message')} were right`,
    text:
      right === messages
        ? `${arrival} The receiver kept what was incomplete until the rest arrived.`
        : `${arrival} The receiver took ${decoded} pieces for messages.`,
  };
}
