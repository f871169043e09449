import { once } from 'node:events';
import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { sendRequest, overLoopback } from '../kit/measure/loopback.ts';

/** What each header prevents. Whether it is sent is read from the response. */
const purposes: Readonly<Record<string, string>> = {
  'Content-Security-Policy': 'injected scripts, and content from unlisted sources',
  'Cross-Origin-Opener-Policy': 'window access by cross-origin pages that opened this one',
  'Cross-Origin-Resource-Policy': 'other origins loading this response as an image or a script',
  'Origin-Agent-Cluster': 'synchronous scripting between origins of the same site',
  'Referrer-Policy': 'leaking the URL of this page through the Referer header',
  'Strict-Transport-Security': 'later visits over plain HTTP, which an attacker can read and change',
  'X-Content-Type-Options': 'MIME sniffing, such as running an upload as a script',
  'X-DNS-Prefetch-Control': 'DNS lookups for links before a user clicks them',
  'X-Download-Options': 'Internet Explorer opening downloads in the context of this site',
  'X-Frame-Options': 'clickjacking: other sites framing this page',
  'X-Permitted-Cross-Domain-Policies': 'Adobe clients loading data from here for other sites',
  'X-XSS-Protection': 'attacks through the XSS filter of old browsers (0 disables it)',
};

const result = z.strictObject({
  sent: z.number(),
  sentByBareServer: z.number().describe('How many of them a plain node:http server sends'),
  https: z.boolean(),
  missing: z.array(z.string()),
  revealsSoftware: z.boolean().describe('Whether X-Powered-By or Server is sent'),
  headers: z.array(z.strictObject({ header: z.string(), value: z.string(), prevents: z.string() })),
});
type Result = z.infer<typeof result>;

export const headers = demoRoute({
  method: 'get',
  path: '/headers',
  title: 'Security headers',
  summary: 'Reads the security headers of this response and explains what each one prevents.',
  teaches:
    'Node.js sends none of these by default. One middleware sets them on every response, including errors.',
  result,
  examples: [
    { title: 'What each header prevents', query: { as: 'text' } },
    { title: 'The headers themselves', curl: '-D - -o /dev/null' },
  ],
  contrasts: [],
  async run({ req, res, signal }) {
    const names = Object.keys(purposes);
    const bare = await fetchBareHeaders(signal);
    const sent = names.filter((name) => res.hasHeader(name));
    const observed: Result = {
      sent: sent.length,
      sentByBareServer: names.filter((name) => bare[name.toLowerCase()] !== undefined).length,
      https: req.secure,
      missing: names.filter((name) => !res.hasHeader(name)),
      revealsSoftware: res.hasHeader('X-Powered-By') || res.hasHeader('Server'),
      headers: sent.map((header) => ({
        header,
        value: String(res.getHeader(header)),
        prevents: purposes[header] ?? '',
      })),
    };
    return { result: observed, lesson: conclude(observed) };
  },
});

function fetchBareHeaders(signal: AbortSignal) {
  return overLoopback(
    (_req, res) => res.end('bare'),
    async (origin) => {
      const response = await sendRequest(origin, { signal });
      response.resume();
      await once(response, 'end');
      return response.headers;
    },
  );
}

function conclude({ sent, sentByBareServer, https, missing, revealsSoftware }: Result): Lesson {
  const transport =
    missing.length === 0
      ? 'None is missing.'
      : missing.length === 1 && missing[0] === 'Strict-Transport-Security' && !https
        ? 'Strict-Transport-Security is omitted because this request used plain HTTP, where browsers must ignore it.'
        : `Missing: ${missing.join(', ')}.`;
  const software = revealsSoftware
    ? 'X-Powered-By or Server reveals the software that runs here.'
    : 'Neither X-Powered-By nor Server reveals the software that runs here.';
  return {
    headline: `${count(sent, 'security header')} on this response, ${sentByBareServer} from plain Node.js`,
    text: `This response has ${count(sent, 'security header')}. A plain node:http server sends ${sentByBareServer} of them. ${transport} ${software}`,
  };
}
