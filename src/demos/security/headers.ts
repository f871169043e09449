import { once } from 'node:events';
import { z } from 'zod';
import { demoRoute } from '../demo.ts';
import { ask, overLoopback } from '../evidence/loopback.ts';
import { count } from '../evidence/words.ts';

/** What each header keeps from happening. Whether it was sent is looked up in the answer. */
const purposes: Readonly<Record<string, string>> = {
  'Content-Security-Policy': 'scripts, styles and frames from elsewhere: most of cross-site scripting',
  'Cross-Origin-Opener-Policy': 'a page that opened this one reaching into its window',
  'Cross-Origin-Resource-Policy': 'pages of other sites loading what is served here',
  'Origin-Agent-Cluster': 'sharing a browser process with other origins of the same site',
  'Referrer-Policy': 'telling other sites which page a visitor came from',
  'Strict-Transport-Security': 'a later visit over plain http, where it can be read and changed',
  'X-Content-Type-Options': 'a browser taking an upload for a script by its looks',
  'X-DNS-Prefetch-Control': 'names of links being looked up before anybody clicks',
  'X-Download-Options': 'old browsers running a download in the context of this site',
  'X-Frame-Options': 'being framed by another site that steals clicks',
  'X-Permitted-Cross-Domain-Policies': 'old plug-ins loading data from here for other sites',
  'X-XSS-Protection': 'a filter of old browsers that could itself be abused (0 switches it off)',
};

const result = z.strictObject({
  sent: z.number(),
  sentByBareServer: z.number().describe('How many of them a server of node:http alone sends'),
  https: z.boolean(),
  missing: z.array(z.string()),
  tellsSoftware: z.boolean().describe('Whether X-Powered-By or Server tell what runs here'),
  headers: z.array(z.strictObject({ header: z.string(), value: z.string(), prevents: z.string() })),
});
type Seen = z.infer<typeof result>;

export const headers = demoRoute({
  method: 'get',
  path: '/headers',
  summary: 'Reads the security headers off this very answer, and says what each prevents.',
  teaches: 'Node.js sends none of these by itself: one layer sets them on every answer, errors included.',
  result,
  examples: [
    { title: 'What each prevents', query: { as: 'text' } },
    { title: 'The headers themselves', curl: '-D - -o /dev/null' },
  ],
  contrasts: [],
  async run({ req, res, signal }) {
    const names = Object.keys(purposes);
    const bare = await askBareServer(signal);
    const sent = names.filter((name) => res.hasHeader(name));
    const seen: Seen = {
      sent: sent.length,
      sentByBareServer: names.filter((name) => bare[name.toLowerCase()] !== undefined).length,
      https: req.secure,
      missing: names.filter((name) => !res.hasHeader(name)),
      tellsSoftware: res.hasHeader('X-Powered-By') || res.hasHeader('Server'),
      headers: sent.map((header) => ({
        header,
        value: String(res.getHeader(header)),
        prevents: purposes[header] ?? '',
      })),
    };
    return { result: seen, lesson: conclude(seen) };
  },
});

async function askBareServer(signal: AbortSignal) {
  return overLoopback(
    (_req, res) => res.end('bare'),
    async (origin) => {
      const response = await ask(origin, signal);
      response.resume();
      await once(response, 'end');
      return response.headers;
    },
  );
}

function conclude({ sent, sentByBareServer, https, missing, tellsSoftware }: Seen): string {
  const compared = `This answer carries ${count(sent, 'security header')} where a server of node:http alone sends ${sentByBareServer}`;
  const transport =
    missing.length === 0
      ? 'none is missing'
      : missing.length === 1 && missing[0] === 'Strict-Transport-Security' && !https
        ? 'Strict-Transport-Security is left out because the request came over plain http, where browsers must ignore it'
        : `missing: ${missing.join(', ')}`;
  const software = tellsSoftware
    ? 'it does tell what software runs here'
    : 'nothing tells what software runs here';
  return `${compared}; ${transport}; ${software}.`;
}
