import { z } from 'zod';
import { demoRoute } from '../demo.ts';
import { count } from '../evidence/words.ts';

const NAME = 'visits';
const MAX_AGE_S = 600;
const MAX_VISITS = 1_000_000;

export const cookiesRoute = demoRoute({
  method: 'get',
  path: '/cookies',
  summary: 'A visit counter that the client carries: what came, and what is set.',
  teaches:
    'A cookie is state that the client keeps, so it may be gone, old or forged: check it like any input. Its attributes say who may see it and when it is sent.',
  result: z.strictObject({
    received: z.array(z.string()).describe('Names only'),
    visitsReceived: z.number().nullable().describe('Null where none came, or none that is a number'),
    visitsNow: z.number(),
    setCookie: z.string(),
  }),
  examples: [
    { title: 'The first visit', curl: '-i' },
    { title: 'The fourth', headers: { Cookie: 'visits=3' }, query: { as: 'text' } },
    { title: 'A cookie that somebody changed', headers: { Cookie: 'visits=-7' }, query: { as: 'text' } },
  ],
  contrasts: ['security/cookies'],
  run({ req, res }) {
    const cookies = parseCookies(req.get('cookie') ?? '');
    const given = cookies.get(NAME);
    const visitsReceived = readVisits(given);
    const visitsNow = (visitsReceived ?? 0) + 1;
    const setCookie = [
      `${NAME}=${visitsNow}`,
      'Path=/demos/http/cookies',
      `Max-Age=${MAX_AGE_S}`,
      'HttpOnly',
      'SameSite=Lax',
      ...(req.secure ? ['Secure'] : []), // over plain http a browser would refuse it
    ].join('; ');
    res.append('Set-Cookie', setCookie);
    return {
      result: { received: [...cookies.keys()].slice(0, 50), visitsReceived, visitsNow, setCookie },
      lesson:
        `${count(cookies.size, 'cookie')} came. ` +
        (visitsReceived === null
          ? given === undefined
            ? `None was called ${NAME}, so this counts as the first visit: the server itself remembers nobody.`
            : `${NAME} was no number from 1 to ${MAX_VISITS}, so it was not believed, and the count begins anew.`
          : `${NAME} said ${visitsReceived}, so this is visit ${visitsNow}: the client brought the count, no worker kept it.`),
    };
  },
});

/** Reads a Cookie header by RFC 6265, section 5.4; of names that come twice the first counts. */
export function parseCookies(header: string): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=');
    const name = pair.slice(0, Math.max(0, at)).trim();
    const value = pair.slice(at + 1).trim();
    if (name !== '' && !cookies.has(name)) cookies.set(name, value.replace(/^"(.*)"$/, '$1'));
  }
  return cookies;
}

function readVisits(value: string | undefined): number | null {
  const visits = /^\d{1,7}$/.test(value ?? '') ? Number(value) : 0;
  return visits >= 1 && visits <= MAX_VISITS ? visits : null;
}
