import { z } from 'zod';
import { oneOf, rawRoute } from '../demo.ts';
import { overLoopback } from '../evidence/loopback.ts';

/** An origin that nobody has: what stays on it after resolving is a path of our own. */
const NOWHERE = 'http://own.invalid';

export const redirectRoute = rawRoute({
  method: 'get',
  path: '/redirect',
  summary: 'Sends the client elsewhere, but only to paths of this service.',
  teaches:
    'A redirect to wherever a parameter says lends this service’s good name to any site. 303 turns a POST into a GET; 307 and 308 keep it.',
  query: z.object({
    to: z
      .string()
      .max(1_000)
      .refine(isOwnPath, { error: 'must be a path of this service, such as /demos/http/anything' })
      .default('/demos/http/anything')
      .describe('A path of this service'),
    status: oneOf('The kind of redirect', ['302', '301', '303', '307', '308']),
  }),
  response: { mediaType: 'text/plain', description: 'A redirect' },
  examples: [
    { title: 'To another path', query: { to: '/livez', status: 303 }, curl: '-i', status: 303 },
    { title: 'Not to another site', query: { to: '//example.com' }, status: 400 },
    { title: 'What becomes of a POST', query: { status: 307, as: 'text' } },
    { title: 'And with 303', query: { status: 303, as: 'text' } },
  ],
  contrasts: ['http/redirect?status=303', 'http/redirect?status=307', 'http/anything'],
  observed: z.strictObject({
    status: z.number(),
    to: z.string(),
    sent: z.strictObject({ method: z.string(), bodyBytes: z.number() }),
    arrived: z.strictObject({ method: z.string(), bodyBytes: z.number(), requests: z.number() }),
  }),
  async observe({ query, signal, timeline }) {
    const sent = { method: 'POST', bodyBytes: 5 };
    const arrived = await timeline.record('POST, and follow', 'client', () =>
      followPost(Number(query.status), signal),
    );
    const kept = arrived.method === sent.method && arrived.bodyBytes === sent.bodyBytes;
    return {
      result: { status: Number(query.status), to: query.to, sent, arrived },
      lesson: `A POST of ${sent.bodyBytes} bytes that met a ${query.status} arrived as a ${arrived.method} of ${arrived.bodyBytes} bytes: method and body were ${kept ? 'kept' : 'lost on the way'}.`,
    };
  },
  send({ query, res }) {
    res.set('Cache-Control', 'no-store').status(Number(query.status)).location(query.to);
    res.type('text').send(`See ${query.to}\n`);
  },
});

/** A path that every browser reads as one of this origin: `//host`, `/\host` and control characters are not. */
export function isOwnPath(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- browsers drop tabs and line ends before they read a URL
  if (!text.startsWith('/') || /[\x00-\x20\\\x7f]/.test(text) || !URL.canParse(text, NOWHERE)) return false;
  const { origin, pathname } = new URL(text, NOWHERE);
  return origin === NOWHERE && !pathname.startsWith('//');
}

/** Sends a POST to a redirect and tells what arrives at its end. */
function followPost(status: number, signal: AbortSignal) {
  let requests = 0;
  return overLoopback(
    (req, res) => {
      requests += 1;
      if (req.url === '/') {
        req.resume();
        res.writeHead(status, { Location: '/landed', Connection: 'close' }).end();
        return;
      }
      let bodyBytes = 0;
      req.on('data', (chunk: Buffer) => (bodyBytes += chunk.length));
      req.on('end', () => {
        res.setHeader('Connection', 'close');
        res.end(JSON.stringify({ method: req.method, bodyBytes, requests }));
      });
    },
    async (origin) => {
      const response = await fetch(origin, { method: 'POST', body: 'hello', redirect: 'follow', signal });
      return (await response.json()) as { method: string; bodyBytes: number; requests: number };
    },
  );
}
