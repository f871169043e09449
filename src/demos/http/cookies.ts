import { z } from 'zod';
import { count } from '../kit/answer/units.ts';
import { parseCookies } from '../kit/cookies.ts';
import { demoRoute } from '../kit/demo.ts';

const NAME = 'visits';
const MAX_AGE_S = 600;
const MAX_VISITS = 1_000_000;

export const cookiesRoute = demoRoute({
  method: 'get',
  path: '/cookies',
  title: 'Count visits in a cookie',
  summary: 'Counts visits in a cookie that the client stores.',
  teaches:
    'A cookie is state that the client stores: it may be missing, stale or forged, so validate it like any input. Its ' +
    'attributes control which scripts can read it and which requests carry it.',
  result: z.strictObject({
    received: z.array(z.string()).describe('Names of the received cookies'),
    visitsReceived: z.number().nullable().describe('Null if missing or invalid'),
    visitsNow: z.number(),
    setCookie: z.string(),
  }),
  examples: [
    { title: 'First visit', curl: '-i' },
    { title: 'Fourth visit', headers: { Cookie: 'visits=3' }, query: { as: 'text' } },
    { title: 'A forged count', headers: { Cookie: 'visits=-7' }, query: { as: 'text' } },
  ],
  contrasts: ['security/cookies'],
  run({ req, res }) {
    const cookies = parseCookies(req.get('cookie') ?? '');
    const value = cookies.get(NAME);
    const visitsReceived = parseVisits(value);
    const visitsNow = (visitsReceived ?? 0) + 1;
    const setCookie = [
      `${NAME}=${visitsNow}`,
      'Path=/demos/http/cookies',
      `Max-Age=${MAX_AGE_S}`,
      'HttpOnly',
      'SameSite=Lax',
      ...(req.secure ? ['Secure'] : []), // browsers reject it over plain HTTP
    ].join('; ');
    res.append('Set-Cookie', setCookie);
    return {
      result: { received: [...cookies.keys()].slice(0, 50), visitsReceived, visitsNow, setCookie },
      lesson: conclude(cookies.size, value, visitsReceived),
    };
  },
});

function conclude(cookies: number, value: string | undefined, visits: number | null) {
  const received = `The request carried ${count(cookies, 'cookie')}`;
  if (visits !== null) {
    return {
      headline: `This is visit ${visits + 1}, counted by the client`,
      text: `${received}, and \`${NAME}\` was ${visits}. The client stored the count; no worker did.`,
    };
  }
  return value === undefined
    ? {
        headline: 'This counts as the first visit',
        text: `${received}, none of them named \`${NAME}\`. The server itself stores no visits.`,
      }
    : {
        headline: 'The count was invalid and restarts at 1',
        text: `${received}. \`${NAME}\` was not a whole number from 1 to ${MAX_VISITS}, so it was ignored.`,
      };
}

function parseVisits(value: string | undefined): number | null {
  const visits = /^\d{1,7}$/.test(value ?? '') ? Number(value) : 0;
  return visits >= 1 && visits <= MAX_VISITS ? visits : null;
}
