import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import type { Request } from 'express';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { demoRoute } from '../demo.ts';
import { count } from '../evidence/words.ts';
import type { Tools } from '../work/tools.ts';
import { Signer, type Verdict } from './signed-value.ts';
import { oncePerService } from '../work/once-per-service.ts';

const COOKIE = '__Host-visits';
const MAX_AGE_S = 3_600;

const result = z.strictObject({
  received: z.enum(['genuine', 'unknown-key', 'absent']).describe('What the cookie of this request is'),
  visits: z.number().describe('Counted in the cookie, and nowhere here'),
  set: z.string().describe('The cookie that this answer sets'),
  attributes: z.array(z.strictObject({ attribute: z.string(), sent: z.boolean(), prevents: z.string() })),
  checks: z.array(z.strictObject({ cookie: z.string(), verdict: z.string(), believed: z.boolean() })),
});
type Seen = z.infer<typeof result>;

const purposes = [
  ['__Host-', 'another host of the same domain setting it'],
  ['Secure', 'sending it over plain http'],
  ['HttpOnly', 'scripts reading it'],
  ['SameSite=Lax', 'other sites sending it along with their requests'],
  ['Max-Age', 'living for ever'],
] as const;

const signerOf = oncePerService((tools) => new Signer(readKey(tools)));

export const cookies = demoRoute({
  method: 'get',
  path: '/cookies',
  summary: 'Sets a signed cookie with every protection there is, and refuses a forged one.',
  teaches:
    'What a client sends back it may have changed: a signature shows that. Attributes say who may send and read it.',
  result,
  examples: [
    { title: 'Get one', query: { as: 'text' } },
    { title: 'A forged one is refused', headers: { Cookie: `${COOKIE}=1000000.forged` }, status: 403 },
    { title: 'Keep it and send it back', curl: '-c /tmp/jar -b /tmp/jar' },
  ],
  contrasts: [],
  run({ req, res, tools }) {
    const signer = signerOf(tools);
    const { verdict, value } = signer.open(readCookie(req, COOKIE));
    if (verdict === 'forged') {
      throw new Problem('forbidden', { detail: `The cookie ${COOKIE} was not signed here: it is forged.` });
    }
    const visits = verdict === 'genuine' ? Number(value) + 1 : 1;
    const cookie = `${COOKIE}=${signer.sign(String(visits))}; Path=/; Max-Age=${MAX_AGE_S}; Secure; HttpOnly; SameSite=Lax`;
    res.append('Set-Cookie', cookie);
    const set = String(res.getHeader('Set-Cookie'));
    const seen: Seen = {
      received: verdict,
      visits,
      set,
      attributes: purposes.map(([attribute, prevents]) => ({
        attribute,
        sent: set.includes(attribute),
        prevents,
      })),
      checks: tryForgeries(signer),
    };
    return { result: seen, lesson: conclude(seen) };
  },
});

/** The key of the configuration is every worker's; without one each makes its own. */
function readKey({ dependencies }: Tools): Buffer {
  const secret = (dependencies.config as { readonly COOKIE_SECRET?: string }).COOKIE_SECRET ?? 'none';
  if (secret === 'none') return randomBytes(32);
  const master = createSecretKey(Buffer.from(secret));
  return Buffer.from(hkdfSync('sha256', master, '', 'security/cookies', 32));
}

export function readCookie(req: Pick<Request, 'headers'>, name: string): string | undefined {
  const cookies = (req.headers.cookie ?? '').split(';').map((part) => part.trim());
  return cookies.find((cookie) => cookie.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** Does what a forger would do. */
function tryForgeries(signer: Signer): Seen['checks'] {
  const genuine = signer.sign('1');
  const [value = '', keyId = '', signature = ''] = genuine.split('.');
  const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
  const other = new Signer(randomBytes(32));
  const tries: [string, string][] = [
    ['as it was set', genuine],
    ['with another value', `${Number(value) + 999_999}.${keyId}.${signature}`],
    ['with one character of the signature changed', `${value}.${keyId}.${flipped}`],
    ['without a signature', value],
    ['signed with another key that says it is ours', other.sign(value).replace(other.keyId, keyId)],
    ['signed with another key', other.sign(value)],
  ];
  return tries.map(([cookie, signed]) => {
    const verdict: Verdict = signer.open(signed).verdict;
    return { cookie, verdict, believed: verdict === 'genuine' };
  });
}

const receptions: Readonly<Record<Seen['received'], string>> = {
  genuine: 'This request brought a genuine cookie',
  'unknown-key':
    'This request brought a cookie of another key (another worker’s, or an older one), which is not believed',
  absent: 'This request brought no cookie',
};

function conclude({ received, visits, checks, attributes }: Seen): string {
  const [first, ...forgeries] = checks;
  const believed = forgeries.filter((check) => check.believed).length;
  const verdict =
    first?.believed === true && believed === 0
      ? `the genuine one was believed and all ${count(forgeries.length, 'altered one')} refused`
      : `${believed} of ${count(forgeries.length, 'altered one')} were believed, which must not be`;
  const kept = attributes.filter(({ sent }) => sent).length;
  return `${receptions[received]}; it now counts ${count(visits, 'visit')}. Of the cookies tried here ${verdict}. The one set has ${kept} of ${attributes.length} protections.`;
}
