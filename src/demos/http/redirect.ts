import { z } from 'zod';
import { textOf } from '../../shared/text.ts';
import { count } from '../kit/answer/units.ts';
import { oneOf, rawRoute, type Lesson } from '../kit/demo.ts';
import { overLoopback } from '../kit/measure/loopback.ts';

/** A placeholder origin: a target that resolves to it is a path of this service. */
const OWN_ORIGIN = 'http://own.invalid';

export const redirectRoute = rawRoute({
  method: 'get',
  path: '/redirect',
  title: 'Redirect within the service',
  summary: 'Redirects the client, but only to paths of this service.',
  teaches:
    'An open redirect sends users from a trusted domain to any URL in a parameter, which helps phishing. 303 turns a POST ' +
    'into a GET; 307 and 308 keep the method and the body.',
  query: z.object({
    to: textOf(1, 1_000)
      .refine(isOwnPath, { error: 'must be a path of this service, such as /demos/http/anything' })
      .default('/demos/http/anything')
      .describe('A path of this service'),
    status: oneOf('Status of the redirect', ['302', '301', '303', '307', '308']),
  }),
  response: { mediaType: 'text/plain', description: 'A redirect' },
  examples: [
    { title: 'To another path', query: { to: '/livez', status: 303 }, curl: '-i', status: 303 },
    { title: 'Another site is rejected', query: { to: '//example.com' }, status: 400 },
    { title: 'A POST redirected with 307', query: { status: 307, as: 'text' } },
    { title: 'A POST redirected with 303', query: { status: 303, as: 'text' } },
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
    const arrived = await timeline.record('POST and follow', 'client', () =>
      followPost(Number(query.status), signal),
    );
    return {
      result: { status: Number(query.status), to: query.to, sent, arrived },
      lesson: conclude(query.status, sent, arrived),
    };
  },
  send({ query, res }) {
    res.set('Cache-Control', 'no-store').status(Number(query.status)).location(query.to);
    res.type('text').send(`See ${query.to}\n`);
  },
});

interface Arrival {
  readonly method: string;
  readonly bodyBytes: number;
}

function conclude(status: string, sent: Arrival, arrived: Arrival): Lesson {
  const kept = arrived.method === sent.method && arrived.bodyBytes === sent.bodyBytes;
  const reason = kept
    ? status === '307' || status === '308'
      ? `RFC 9110 requires that of ${status}: the client must not change the method.`
      : `This client kept both, although most clients turn a ${sent.method} into a GET after ${status}.`
    : status === '303'
      ? '303 is meant to do that (post, redirect, get): a reload of the result page submits nothing again.'
      : status === '307' || status === '308'
        ? `RFC 9110 forbids that for ${status}: this client is wrong.`
        : `That is custom, not the purpose of ${status}: RFC 9110 allows it because old clients did so. To keep the method, ` +
          `use ${status === '301' ? '308, which is permanent too' : '307, which is temporary too'}.`;
  return {
    headline: `A ${sent.method} redirected with ${status} arrived as a ${arrived.method}`,
    text:
      `\`fetch\` sent ${count(sent.bodyBytes, 'byte')} and followed the redirect; ${count(arrived.bodyBytes, 'byte')} arrived. ` +
      `Method and body were ${kept ? 'both' : 'not both'} kept. ${reason}`,
  };
}

/** Whether every browser resolves it to this origin, unlike `//host`, `/\host` and paths with control characters. */
export function isOwnPath(text: string): boolean {
  // eslint-disable-next-line no-control-regex -- browsers strip tabs and line breaks from a URL
  if (!text.startsWith('/') || /[\x00-\x20\\\x7f]/.test(text) || !URL.canParse(text, OWN_ORIGIN))
    return false;
  const { origin, pathname } = new URL(text, OWN_ORIGIN);
  return origin === OWN_ORIGIN && !pathname.startsWith('//');
}

/** Sends a POST that is redirected. @returns what arrives at the target */
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
