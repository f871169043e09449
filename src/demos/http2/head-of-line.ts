import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { protocols, type Protocol } from './clients.ts';
import { overProtocol } from './over-protocol.ts';

const CONNECTIONS = 6;
const RESPONSE_MS = 5;

const rowSchema = z.strictObject({
  protocol: z.enum(protocols),
  connections: z.number(),
  duringStall: z.number().describe('Responses that arrived while one connection delivered nothing'),
  afterStall: z.number(),
  totalMs: z.number(),
});
export type Row = z.infer<typeof rowSchema>;

export const headOfLine = demoRoute({
  method: 'get',
  path: '/head-of-line',
  title: 'Stall one connection',
  summary:
    'Sends requests over six connections of HTTP/1.1 and over one of HTTP/2 while one connection delivers nothing, as ' +
    'after a lost packet.',
  teaches:
    'HTTP/2 removed the queue of HTTP/1.1, where a request waits for the response before it, but not that of TCP: while a ' +
    'lost packet is sent again, all streams of the connection wait. HTTP/3 replaces TCP for that reason; Node.js does not ' +
    'speak it.',
  query: z.object({
    requests: wholeNumber('Requests, of which most are sent when the stall begins', {
      min: 6,
      max: 100,
      default: 30,
    }),
    stallMs: wholeNumber('How long the connection delivers nothing, in milliseconds', {
      min: 50,
      max: 1_000,
      default: 200,
    }),
  }),
  result: z.strictObject({ requests: z.number(), stallMs: z.number(), rows: z.array(rowSchema) }),
  examples: [
    { title: 'A stall of 200 ms', query: { as: 'text' } },
    { title: 'A longer one', query: { stallMs: 800, as: 'text' } },
  ],
  contrasts: ['http2/multiplexing', 'net/no-delay'],
  async run(call) {
    const { requests, stallMs } = call.query;
    const rows: Row[] = [];
    for (const protocol of protocols) rows.push(await stall(protocol, call));
    return { result: { requests, stallMs, rows }, lesson: conclude(rows, requests, stallMs) };
  },
});

type StallCall = DemoCall<unknown, { readonly requests: number; readonly stallMs: number }, unknown>;

async function stall(protocol: Protocol, { query, signal, timeline }: StallCall): Promise<Row> {
  const { requests, stallMs } = query;
  const handler = (_req: unknown, res: { end(content: string): unknown }) =>
    void setTimeout(() => res.end('done'), RESPONSE_MS);
  return overProtocol(protocol, { handler, connections: CONNECTIONS, signal }, async (client, relayed) => {
    // Every connection is open before one of them stalls.
    await Promise.all(Array.from({ length: CONNECTIONS }, () => client.get('/')));
    const startedAt = performance.now();
    let arrived = 0;
    relayed[0]?.hold();
    const all = Array.from({ length: requests }, async () => {
      await client.get('/');
      arrived += 1;
    });
    await Promise.race([
      timeline.record('held back', protocol, () => sleep(stallMs, undefined, { signal })),
      Promise.all(all), // rejects if the client leaves
    ]);
    const duringStall = arrived;
    relayed[0]?.release();
    await timeline.record('the rest', protocol, () => Promise.all(all));
    return {
      protocol,
      connections: relayed.length,
      duringStall,
      afterStall: requests - duringStall,
      totalMs: toMicroseconds(performance.now() - startedAt),
    };
  });
}

export function conclude(rows: readonly Row[], requests: number, stallMs: number): Lesson {
  const [http1, http2] = rows;
  if (!http1 || !http2) throw new Error('there are two protocols');
  const text = rows
    .map(
      ({ protocol, connections, duringStall, afterStall, totalMs }) =>
        `${protocol} over ${count(connections, 'connection')}: ${duringStall} arrived during the stall of ${ms(stallMs)}, ${afterStall} after it, all within ${ms(totalMs)}.`,
    )
    .join(' ');
  return http1.duringStall > http2.duringStall
    ? {
        headline: `While one connection stalled, HTTP/1.1 delivered ${http1.duringStall} of ${requests}, HTTP/2 ${http2.duringStall}`,
        text,
      }
    : {
        headline: 'This run does not tell: HTTP/1.1 delivered no more during the stall',
        text: `${text} Set a longer stallMs.`,
      };
}
