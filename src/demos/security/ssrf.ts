import { createServer, type RequestListener } from 'node:http';
import { z } from 'zod';
import { listen, ListenError } from '../../http/listen.ts';
import { Problem } from '../../http/problem.ts';
import { count } from '../kit/answer/units.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { checks, createResolver, PUBLIC_ADDRESS } from './ssrf-checks.ts';

/** Each leads to a server on loopback that no client may reach; `:80` stands for its port. */
const spellings = [
  'http://127.0.0.1:80/',
  'http://localhost:80/',
  'http://LOCALHOST.:80/',
  'http://127.1:80/',
  'http://2130706433:80/',
  'http://0x7f.1:80/',
  'http://0177.0.0.1:80/',
  'http://①②⑦.⓪.⓪.①:80/',
  'http://0.0.0.0:80/',
  'http://[::ffff:127.0.0.1]:80/',
  'http://%6c%6f%63%61%6c%68%6f%73%74:80/',
  'http://intranet.test:80/',
  'http://rebinding.test:80/',
] as const;
/** Leads there by a redirect of a public server. */
const REDIRECT = 'http://public.test/redirect';
const GENUINE = 'http://public.test/';

const row = z.strictObject({
  check: z.string(),
  internalReached: z.number().describe('URLs whose request arrived at the internal server'),
  publicReached: z.boolean().describe('Whether the public URL was still called'),
});

const result = z.strictObject({
  attacks: z.number(),
  checks: z.array(row),
  urls: z.array(
    z.strictObject({
      url: z.string(),
      reachedWith: z.array(z.string()).describe('Checks that let it through'),
    }),
  ),
});
type Result = z.infer<typeof result>;

export const ssrf = demoRoute({
  method: 'get',
  path: '/ssrf',
  title: 'Server-side request forgery',
  summary: 'Calls URLs that lead to an internal server, with five checks, and counts what arrives there.',
  teaches:
    'A service that calls URLs of its clients can be sent into its own network. Text has too many spellings, a name may ' +
    'resolve differently the next time (DNS rebinding), and a redirect leads anywhere. Check the address that is connected.',
  result,
  problems: ['not-implemented'],
  examples: [{ title: 'Which URL gets past which check', query: { as: 'text' } }],
  contrasts: ['security/path-traversal'],
  async run({ signal, timeline }) {
    let arrived = 0;
    let served = 0;
    await using internal = await serve('127.0.0.1', (_req, res) => {
      arrived += 1;
      res.end();
    });
    await using outside = await serve(PUBLIC_ADDRESS, (req, res) => {
      if (req.url === '/redirect') res.writeHead(302, { Location: internal.url }).end();
      else {
        served += 1;
        res.end();
      }
    });
    const runs = await timeline.record('all URLs with all checks', 'requests', async () => {
      const all: Run[] = [];
      for (const { name, call } of checks) {
        const attempt = async (shown: string, url: string, times = 1) => {
          const before = { arrived, served };
          const resolver = createResolver();
          for (let n = 0; n < times; n += 1) await call(url, resolver, signal).catch(() => undefined);
          signal.throwIfAborted();
          all.push({
            check: name,
            url: shown,
            reached: arrived > before.arrived,
            served: served > before.served,
          });
        };
        // A second call, for the name that leads elsewhere by then.
        for (const url of spellings) await attempt(url, url.replace(':80', `:${internal.port}`), 2);
        await attempt(REDIRECT, `http://public.test:${outside.port}/redirect`);
        await attempt(GENUINE, `http://public.test:${outside.port}/`);
      }
      return all;
    });
    const observed = summarize(runs);
    return { result: observed, lesson: conclude(observed) };
  },
});

interface Run {
  readonly check: string;
  readonly url: string;
  readonly reached: boolean;
  readonly served: boolean;
}

interface Server extends AsyncDisposable {
  readonly url: string;
  readonly port: string;
}

async function serve(host: string, handler: RequestListener): Promise<Server> {
  const server = createServer(handler);
  try {
    // Exclusive: the cluster must not pass these connections to other workers.
    const url = await listen(server, { host, port: 0, exclusive: true });
    return {
      url,
      port: new URL(url).port,
      async [Symbol.asyncDispose]() {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      },
    };
  } catch (error) {
    if (!(error instanceof ListenError)) throw error;
    throw new Problem('not-implemented', {
      detail: 'This machine has one loopback address only.',
      cause: error,
    });
  }
}

function summarize(runs: readonly Run[]): Result {
  const attacks = runs.filter(({ url }) => url !== GENUINE);
  return {
    attacks: spellings.length + 1,
    checks: [...Map.groupBy(runs, ({ check }) => check)].map(([check, own]) => ({
      check,
      internalReached: own.filter(({ reached }) => reached).length,
      publicReached: own.some(({ url, served }) => url === GENUINE && served),
    })),
    urls: [...Map.groupBy(attacks, ({ url }) => url)].map(([url, own]) => ({
      url,
      reachedWith: own.filter(({ reached }) => reached).map(({ check }) => check),
    })),
  };
}

function conclude({ attacks, checks: rows }: Result): Lesson {
  const right = rows.at(-1);
  const open = rows.slice(0, -1).filter(({ internalReached }) => internalReached > 0);
  const details = open.map(({ check, internalReached }) => `"${check}" ${internalReached}`);
  const blind = rows.filter(({ publicReached }) => !publicReached).map(({ check }) => `"${check}"`);
  return {
    headline:
      (right?.internalReached ?? 0) > 0
        ? 'The check at connect let a request in, which should be impossible'
        : `${open.length} of ${rows.length - 1} shortcuts reached the internal server, at connect none`,
    text:
      `Of ${count(attacks, 'URL')} that lead to the internal server, these arrived there: ${details.join(', ')}. ` +
      (blind.length === 0
        ? 'Each check still let the public URL through.'
        : `The public URL was refused by ${blind.join(', ')}.`),
  };
}
