import { setTimeout as sleep } from 'node:timers/promises';
import type { Socket } from 'node:net';
import { z } from 'zod';
import { bytes } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { overTcp } from './tcp.ts';

const REPLY = 'the reply, which takes a moment to make';

const rowSchema = z.strictObject({
  allowHalfOpen: z.boolean().describe('The option of both sides'),
  serverCouldWrite: z
    .boolean()
    .describe('Whether the side of the server was still writable when its reply was ready'),
  serverError: z.string().nullable().describe('The error of its write'),
  receivedBytes: z.number(),
});
export type Row = z.infer<typeof rowSchema>;

export const halfOpen = demoRoute({
  method: 'get',
  path: '/half-open',
  title: 'End one side',
  summary:
    'Ends the sending side of a client, as `nc` does at the end of its input, and counts what it receives after that.',
  teaches:
    'Each side of a TCP connection ends on its own: end() sends FIN and can still receive. By default, a net server ends its ' +
    'side as soon as the client has ended, and a reply that is not written by then is lost. allowHalfOpen keeps it open.',
  query: z.object({
    replyMs: wholeNumber('How long the server takes for its reply, in milliseconds', {
      min: 1,
      max: 500,
      default: 50,
    }),
  }),
  result: z.strictObject({ replyBytes: z.number(), ways: z.array(rowSchema) }),
  examples: [{ title: 'With and without allowHalfOpen', query: { as: 'text' } }],
  contrasts: ['net/framing?way=lines', 'streams/duplex'],
  async run({ query: { replyMs }, signal, timeline }) {
    const rows: Row[] = [];
    for (const allowHalfOpen of [false, true]) {
      rows.push(await exchange(allowHalfOpen, replyMs, { signal, timeline }));
    }
    signal.throwIfAborted();
    return { result: { replyBytes: REPLY.length, ways: rows }, lesson: conclude(rows) };
  },
});

async function exchange(
  allowHalfOpen: boolean,
  replyMs: number,
  { signal, timeline }: Pick<DemoCall<never, never, never>, 'signal' | 'timeline'>,
): Promise<Row> {
  const lane = allowHalfOpen ? 'half-open' : 'default';
  const served = Promise.withResolvers<Pick<Row, 'serverCouldWrite' | 'serverError'>>();
  served.promise.catch(() => undefined); // awaited below; until then a rejection must not count as unhandled
  const serve = async (socket: Socket) => {
    await timeline.record('makes its reply', `${lane}: server`, () => sleep(replyMs, undefined, { signal }));
    const serverCouldWrite = socket.writable;
    const serverError = await new Promise<string | null>((resolve) => {
      socket.end(REPLY, (error?: NodeJS.ErrnoException | null) => resolve(error?.code ?? null));
    });
    return { serverCouldWrite, serverError };
  };
  return overTcp(
    { allowHalfOpen },
    (socket) => {
      socket.resume().once('end', () => void serve(socket).then(served.resolve, served.reject));
    },
    async (socket) => {
      let receivedBytes = 0;
      const closed = new Promise((resolve) => socket.once('close', resolve));
      socket.on('data', (chunk) => (receivedBytes += chunk.length));
      const end = timeline.begin('receives', `${lane}: client`);
      socket.end('request');
      await closed;
      end();
      return { allowHalfOpen, ...(await served.promise), receivedBytes };
    },
    signal,
  );
}

export function conclude(rows: readonly Row[]): Lesson {
  const lost = rows.filter(({ receivedBytes }) => receivedBytes < REPLY.length);
  const figures = rows
    .map(
      ({ allowHalfOpen, receivedBytes, serverError }) =>
        `With allowHalfOpen=${allowHalfOpen} the client received ${bytes(receivedBytes)}` +
        (serverError === null ? '' : `, and the server the error ${serverError}`),
    )
    .join('. ');
  return {
    headline:
      lost.length === 0
        ? 'This run does not tell: no reply was lost'
        : `${lost.map(({ allowHalfOpen }) => `allowHalfOpen=${allowHalfOpen}`).join(', ')} lost the reply to a client that had ended`,
    text: `${figures}. The client had ended its own side before the reply of ${bytes(REPLY.length)} was ready.`,
  };
}
