import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { ms, times } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { rejectLongWork } from '../kit/work-limit.ts';
import { protocols, type Protocol } from './clients.ts';
import { overProtocol } from './over-protocol.ts';

/** As many as browsers open to one host. */
const BROWSER_CONNECTIONS = 6;
const ways: readonly { readonly protocol: Protocol; readonly connections: number }[] = [
  { protocol: 'HTTP/1.1', connections: 1 },
  { protocol: 'HTTP/1.1', connections: BROWSER_CONNECTIONS },
  { protocol: 'HTTP/2', connections: 1 },
];
const MAX_DRAWN = 10;

const rowSchema = z.strictObject({
  protocol: z.enum(protocols),
  connections: z.number().describe('Connections that the client opened'),
  maxAtOnce: z.number().describe('The most requests that the server worked on at one time'),
  totalMs: z.number().describe('From the first request to the last response'),
});
export type Row = z.infer<typeof rowSchema>;

export const multiplexing = demoRoute({
  method: 'get',
  path: '/multiplexing',
  title: 'Send many requests at once',
  summary: 'Sends the same requests over one and six connections of HTTP/1.1 and over one of HTTP/2.',
  teaches:
    'A connection of HTTP/1.1 carries one request at a time, so a browser opens six and lets the others wait. HTTP/2 sends ' +
    'all of them over one connection, and their responses arrive as they are ready.',
  query: z.object({
    requests: wholeNumber('Requests sent at once', { min: 1, max: 100, default: 60 }),
    waitMs: wholeNumber('How long each response takes, in milliseconds', { min: 1, max: 50, default: 20 }),
  }),
  result: z.strictObject({ requests: z.number(), waitMs: z.number(), rows: z.array(rowSchema) }),
  examples: [
    { title: 'Sixty requests', query: { as: 'text' } },
    { title: 'One request', query: { requests: 1, as: 'text' } },
  ],
  contrasts: ['http2/head-of-line', 'http2/headers', 'http2/express', 'http/waiting?way=wait'],
  async run(call) {
    const { requests, waitMs } = call.query;
    rejectLongWork('run', 2 * requests * waitMs, ['requests', 'waitMs']);
    const rows: Row[] = [];
    for (const way of ways) rows.push(await sendAll(way, call));
    return { result: { requests, waitMs, rows }, lesson: conclude(rows, requests, waitMs) };
  },
});

type MultiplexingCall = DemoCall<unknown, { readonly requests: number; readonly waitMs: number }, unknown>;

async function sendAll(
  { protocol, connections }: (typeof ways)[number],
  { query, signal, timeline }: MultiplexingCall,
): Promise<Row> {
  let atOnce = 0;
  let maxAtOnce = 0;
  const respond = async (res: { end(content: string): unknown }) => {
    atOnce += 1;
    maxAtOnce = Math.max(maxAtOnce, atOnce);
    await sleep(query.waitMs);
    atOnce -= 1;
    res.end('done');
  };
  const handler = (_req: unknown, res: { end(content: string): unknown }) => void respond(res);
  return overProtocol(protocol, { handler, connections, signal }, async (client, relayed) => {
    const startedAt = performance.now();
    const send = async (index: number) => {
      const end =
        index < MAX_DRAWN
          ? timeline.begin(`request ${index + 1}`, `${protocol}, at most ${connections}`)
          : undefined;
      await client.get('/');
      if (end === undefined) timeline.leaveOut();
      else end();
    };
    await Promise.all(Array.from({ length: query.requests }, (_, index) => send(index)));
    const totalMs = toMicroseconds(performance.now() - startedAt);
    return { protocol, connections: relayed.length, maxAtOnce, totalMs };
  });
}

export function conclude(rows: readonly Row[], requests: number, waitMs: number): Lesson {
  const [one, six, http2] = rows;
  if (!one || !six || !http2) throw new Error('there are three ways');
  const figures = rows
    .map(
      ({ protocol, connections, maxAtOnce, totalMs }) =>
        `${protocol} over ${connections === 1 ? 'one connection' : `${connections} connections`} ${ms(totalMs)}, ${maxAtOnce} at once`,
    )
    .join('; ');
  const text = `Each of ${requests} responses takes ${ms(waitMs)}: ${figures}.`;
  // Requests that wait for each other take longer because of that, and not only because the machine is slow.
  if (http2.maxAtOnce <= six.maxAtOnce || http2.totalMs >= six.totalMs) {
    return { headline: 'This run does not tell: HTTP/2 was not faster', text: `${text} Send more requests.` };
  }
  return {
    headline: `One connection of HTTP/2 was ${times(six.totalMs / http2.totalMs)} as fast as ${six.connections} of HTTP/1.1`,
    text,
  };
}
