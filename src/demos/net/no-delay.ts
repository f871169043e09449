import { once } from 'node:events';
import type { Socket } from 'node:net';
import { z } from 'zod';
import { median } from '../../shared/statistics.ts';
import { ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { overTcp } from './tcp.ts';

const HEAD = 'head';
const BODY = 'body';
const REQUEST_BYTES = HEAD.length + BODY.length;
/** A delayed acknowledgment takes tens of milliseconds; a round trip on loopback takes microseconds. */
const SLOW_RATIO = 10;

const rowSchema = z.strictObject({
  way: z.string(),
  noDelay: z.boolean(),
  medianMs: z.number().describe('From the first write to the reply'),
  slowestMs: z.number(),
  totalMs: z.number(),
});
export type Row = z.infer<typeof rowSchema>;

interface Way {
  readonly way: string;
  readonly noDelay: boolean;
  readonly send: (socket: Socket) => void;
}

const ways: readonly Way[] = [
  {
    way: 'two writes',
    noDelay: false,
    send(socket) {
      socket.write(HEAD);
      socket.write(BODY);
    },
  },
  {
    way: 'two writes, noDelay',
    noDelay: true,
    send(socket) {
      socket.write(HEAD);
      socket.write(BODY);
    },
  },
  {
    way: 'two writes, corked',
    noDelay: false,
    send(socket) {
      socket.cork();
      socket.write(HEAD);
      socket.write(BODY);
      socket.uncork();
    },
  },
];

export const noDelay = demoRoute({
  method: 'get',
  path: '/no-delay',
  title: 'Send small writes',
  summary: 'Sends requests of two small writes and waits for each reply, with three settings of the socket.',
  teaches:
    "Nagle's algorithm holds back a second small write until the first is acknowledged, and the receiver delays its " +
    'acknowledgment. Set noDelay, as node:http does, or send both in one write: cork the socket.',
  query: z.object({
    requests: wholeNumber('Requests to send, one by one', { min: 3, max: 50, default: 15 }),
  }),
  result: z.strictObject({ requests: z.number(), ways: z.array(rowSchema) }),
  examples: [{ title: 'Three settings', query: { as: 'text' } }],
  contrasts: ['net/framing?way=length', 'streams/writable'],
  async run({ query: { requests }, signal, timeline }) {
    const rows: Row[] = [];
    for (const way of ways) rows.push(await exchangeAll(way, requests, { signal, timeline }));
    signal.throwIfAborted();
    return { result: { requests, ways: rows }, lesson: conclude(rows) };
  },
});

async function exchangeAll(
  { way, noDelay: withoutDelay, send }: Way,
  requests: number,
  { signal, timeline }: Pick<DemoCall<never, never, never>, 'signal' | 'timeline'>,
): Promise<Row> {
  const durations: number[] = [];
  await overTcp(
    { noDelay: withoutDelay },
    reply,
    async (socket) => {
      for (let request = 1; request <= requests; request += 1) {
        const end = timeline.begin(`request ${request}`, way);
        const replied = once(socket, 'data', { signal });
        send(socket);
        await replied;
        const { startMs, endMs } = end();
        durations.push(endMs - startMs);
      }
    },
    signal,
  );
  return {
    way,
    noDelay: withoutDelay,
    medianMs: toMicroseconds(median(durations)),
    slowestMs: toMicroseconds(Math.max(...durations)),
    totalMs: toMicroseconds(durations.reduce((sum, each) => sum + each, 0)),
  };
}

/** Replies to each complete request. */
function reply(socket: Socket): void {
  let received = 0;
  socket.on('data', (chunk) => {
    received += chunk.length;
    for (; received >= REQUEST_BYTES; received -= REQUEST_BYTES) socket.write('reply');
  });
}

export function conclude(rows: readonly Row[]): Lesson {
  const [plain, ...others] = rows;
  if (plain === undefined) throw new Error('there are no rows');
  const slowest = Math.max(...others.map(({ medianMs }) => medianMs));
  const figures = rows.map(({ way, medianMs }) => `${way} ${ms(medianMs)}`).join(', ');
  return plain.medianMs > SLOW_RATIO * slowest
    ? {
        headline: `Two small writes took ${times(plain.medianMs / slowest)} as long without noDelay`,
        text: `Median from the first write to the reply: ${figures}. The second write waited for the acknowledgment of the first; with noDelay or in one packet, it did not.`,
      }
    : {
        headline: 'This run does not tell: no write waited for an acknowledgment',
        text: `Median from the first write to the reply: ${figures}. The kernel acknowledged at once, or the machine was busy.`,
      };
}
