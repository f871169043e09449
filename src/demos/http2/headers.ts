import { z } from 'zod';
import { bytes, percent } from '../kit/answer/units.ts';
import { demoRoute, wholeNumber, type DemoCall, type Lesson } from '../kit/demo.ts';
import { protocols, type Protocol } from './clients.ts';
import { overProtocol } from './over-protocol.ts';

const rowSchema = z.strictObject({
  protocol: z.enum(protocols),
  firstBytes: z.number().describe('Sent for the first request, with what begins a connection'),
  laterBytes: z.number().describe('Sent for each later one, on average'),
  totalBytes: z.number(),
});
export type Row = z.infer<typeof rowSchema>;

const MAX_DRAWN = 5;

/** What a browser sends with each request, about. */
const common = {
  'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/150.0.0.0',
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8',
  'accept-language': 'en-US,en;q=0.9',
  'accept-encoding': 'gzip, deflate, br',
};

export const headers = demoRoute({
  method: 'get',
  path: '/headers',
  title: 'Send the same headers again',
  summary: 'Sends requests with the headers of a browser and a cookie, and counts the bytes on the line.',
  teaches:
    'HTTP/1.1 sends every header in full with each request. HTTP/2 keeps a table of headers per connection (HPACK): what ' +
    'was sent before is sent as an index of a byte or two.',
  query: z.object({
    requests: wholeNumber('Requests, one after another', { min: 2, max: 50, default: 20 }),
    cookieBytes: wholeNumber('The length of the cookie', { min: 1, max: 4_000, default: 200 }),
  }),
  result: z.strictObject({ requests: z.number(), rows: z.array(rowSchema) }),
  examples: [
    { title: 'Twenty requests', query: { as: 'text' } },
    { title: 'With a long cookie', query: { cookieBytes: 3_000, as: 'text' } },
    { title: 'With one that is longer than the table', query: { cookieBytes: 4_000, as: 'text' } },
  ],
  contrasts: ['http2/multiplexing', 'compression/negotiate'],
  async run(call) {
    const rows: Row[] = [];
    for (const protocol of protocols) rows.push(await countBytes(protocol, call));
    return { result: { requests: call.query.requests, rows }, lesson: conclude(rows) };
  },
});

type HeadersCall = DemoCall<unknown, { readonly requests: number; readonly cookieBytes: number }, unknown>;

async function countBytes(protocol: Protocol, { query, signal, timeline }: HeadersCall): Promise<Row> {
  const { requests, cookieBytes } = query;
  const sent = { ...common, cookie: `id=${'x'.repeat(Math.max(0, cookieBytes - 3))}` };
  const handler = (_req: unknown, res: { end(): unknown }) => void res.end();
  return overProtocol(protocol, { handler, connections: 1, signal }, async (client, relayed) => {
    const total = () => relayed.reduce((sum, { sentBytes }) => sum + sentBytes, 0);
    let firstBytes = 0;
    for (let request = 1; request <= requests; request += 1) {
      const send = () => client.get('/', sent);
      if (request > MAX_DRAWN) {
        timeline.leaveOut();
        await send();
      } else await timeline.record(`request ${request}`, protocol, send);
      if (request === 1) firstBytes = total();
    }
    const totalBytes = total();
    const laterBytes = Math.round((totalBytes - firstBytes) / (requests - 1));
    return { protocol, firstBytes, laterBytes, totalBytes };
  });
}

export function conclude(rows: readonly Row[]): Lesson {
  const [http1, http2] = rows;
  if (!http1 || !http2) throw new Error('there are two protocols');
  const share = http2.laterBytes / http1.laterBytes;
  const text = rows
    .map(
      ({ protocol, firstBytes, laterBytes, totalBytes }) =>
        `${protocol}: ${bytes(firstBytes)} for the first request, ${bytes(laterBytes)} for each later one, ${bytes(totalBytes)} in total.`,
    )
    .join(' ');
  return share < 0.5
    ? { headline: `A repeated request took ${percent(share)} of its bytes with HTTP/2`, text }
    : {
        headline: `HTTP/2 sent the headers each time: ${percent(share)} of the bytes`,
        text: `${text} They do not fit into the table of a connection: 4096 bytes, of which each entry takes 32 more than its text.`,
      };
}
