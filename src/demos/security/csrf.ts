import express, { type Express } from 'express';
import { z } from 'zod';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { fetchResponse, overLoopback } from '../kit/measure/loopback.ts';
import { parseCookies } from '../kit/cookies.ts';
import { createCsrfChecks, HOST, type CsrfCheck } from './csrf-checks.ts';

interface Sent {
  readonly name: string;
  /** Whether the user wanted it. */
  readonly forged: boolean;
  readonly method?: string;
  readonly headers: Readonly<Record<string, string>>;
}

const EVIL = 'https://evil.example';

/** All with the user's session: what browsers add is in the Fetch standard. */
const requests: readonly Sent[] = [
  {
    name: 'own form',
    forged: false,
    headers: { origin: `https://${HOST}`, referer: `https://${HOST}/pay`, 'sec-fetch-site': 'same-origin' },
  },
  { name: 'curl', forged: false, headers: {} },
  {
    name: 'foreign form',
    forged: true,
    headers: { origin: EVIL, referer: `${EVIL}/`, 'sec-fetch-site': 'cross-site' },
  },
  {
    name: 'sibling host',
    forged: true,
    headers: {
      origin: 'https://blog.example.com',
      referer: 'https://blog.example.com/',
      'sec-fetch-site': 'same-site',
    },
  },
  { name: 'sandboxed frame', forged: true, headers: { origin: 'null', 'sec-fetch-site': 'cross-site' } },
  { name: 'older browser', forged: true, headers: { origin: EVIL, referer: `${EVIL}/?${HOST}` } },
  {
    name: 'image with a GET',
    forged: true,
    method: 'GET',
    headers: { referer: `${EVIL}/`, 'sec-fetch-site': 'cross-site' },
  },
];

const row = z.strictObject({
  check: z.string(),
  forgedExecuted: z.number().describe('Forged POST requests that were executed'),
  forgedGets: z.number().describe('Forged GET requests that were executed'),
  genuineRefused: z.number(),
});

const result = z.strictObject({
  checks: z.array(row),
  requests: z.array(
    z.strictObject({
      request: z.string(),
      method: z.string(),
      forged: z.boolean(),
      executedWith: z.number().describe('Checks that let it through'),
      stoppedByLayer: z.boolean().describe('Whether the layer of this service rejects it'),
    }),
  ),
});
type Result = z.infer<typeof result>;

export const csrf = demoRoute({
  method: 'get',
  path: '/csrf',
  title: 'Cross-site request forgery',
  summary:
    'Sends genuine and forged requests with a session cookie to five checks, and counts what is executed.',
  teaches:
    'A browser sends cookies along with requests that another site makes. `Sec-Fetch-Site` and `Origin` say who made a ' +
    'request, and a page cannot forge them. Compare both exactly, and change nothing on GET.',
  result,
  examples: [{ title: 'Which check stops which request', query: { as: 'text' } }],
  contrasts: ['security/cors', 'security/cookies'],
  async run({ signal, timeline }) {
    const checks = createCsrfChecks();
    const bank = new Bank(checks);
    const runs = await overLoopback(bank.app, (url) =>
      timeline.record('requests to all checks', 'requests', async () => {
        const all: Run[] = [];
        for (const [index, { name }] of checks.entries()) {
          for (const sent of requests) {
            const before = bank.transfers;
            await fetchResponse(`${url}/${index}`, {
              method: sent.method ?? 'POST',
              headers: { host: HOST, cookie: 'session=1', ...sent.headers },
              signal,
            });
            all.push({ check: name, sent, executed: bank.transfers > before });
          }
        }
        return all;
      }),
    );
    const observed = summarize(runs);
    return { result: observed, lesson: conclude(observed) };
  },
});

interface Run {
  readonly check: string;
  readonly sent: Sent;
  readonly executed: boolean;
}

/** Transfers money for any request with the session, also on GET, which is a mistake of its own. */
class Bank {
  readonly app: Express = express();
  transfers = 0;

  constructor(checks: readonly CsrfCheck[]) {
    for (const [index, { layer }] of checks.entries()) this.app.use(`/${index}`, layer);
    this.app.all('/:check', (req, res) => {
      const signedIn = parseCookies(req.get('cookie') ?? '').get('session') === '1';
      if (signedIn) this.transfers += 1;
      res.status(signedIn ? 204 : 401).end();
    });
  }
}

function summarize(runs: readonly Run[]): Result {
  const isGet = ({ sent }: Run) => sent.method === 'GET';
  return {
    checks: [...Map.groupBy(runs, ({ check }) => check)].map(([check, own]) => ({
      check,
      forgedExecuted: own.filter((run) => run.sent.forged && run.executed && !isGet(run)).length,
      forgedGets: own.filter((run) => run.sent.forged && run.executed && isGet(run)).length,
      genuineRefused: own.filter(({ sent, executed }) => !sent.forged && !executed).length,
    })),
    requests: [...Map.groupBy(runs, ({ sent }) => sent)].map(([sent, own]) => ({
      request: sent.name,
      method: sent.method ?? 'POST',
      forged: sent.forged,
      executedWith: own.filter(({ executed }) => executed).length,
      stoppedByLayer: own[0]?.executed === false,
    })),
  };
}

function conclude({ checks, requests: rows }: Result): Lesson {
  const [layer, ...others] = checks;
  const open = others.filter(({ forgedExecuted }) => forgedExecuted > 0);
  const refused = checks.reduce((sum, { genuineRefused }) => sum + genuineRefused, 0);
  const forged = rows.filter((each) => each.forged && each.method !== 'GET');
  const details = open.map(({ check, forgedExecuted }) => `"${check}" ${forgedExecuted}`);
  const gets = layer?.forgedGets ?? 0;
  return {
    headline:
      (layer?.forgedExecuted ?? 0) > 0
        ? 'The layer executed a forged request, which should be impossible'
        : `${open.length} of ${others.length} shortcuts executed forged requests, metadata and origin none`,
    text:
      `Of ${forged.length} forged POST requests, these checks executed: ${details.join(', ')}. ` +
      `${refused === 0 ? 'No genuine request was refused' : `${refused} genuine requests were refused`}. ` +
      (gets > 0
        ? 'The forged GET was executed behind the layer, too: it looks like a link that a user follows, so a GET must not change anything.'
        : 'The forged GET was stopped.'),
  };
}
