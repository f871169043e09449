import { createSecretKey, hkdfSync, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { count } from '../kit/answer/units.ts';
import { parseCookies } from '../kit/cookies.ts';
import { demoRoute, type Lesson } from '../kit/demo.ts';
import { perService } from '../kit/resources/per-service.ts';
import type { DemoResources } from '../kit/resources/resources.ts';
import { Signer } from './signed-value.ts';

const COOKIE = '__Host-visits';
const MAX_AGE_S = 3_600;

/** What each attribute of the cookie prevents. */
const purposes = [
  ['__Host-', 'other hosts of the same domain setting it'],
  ['Secure', 'sending it over plain HTTP'],
  ['HttpOnly', 'scripts reading it'],
  ['SameSite=Lax', 'sending it with cross-site subrequests and POSTs'],
  ['Max-Age', 'browsers keeping it longer than an hour'],
] as const;

const result = z.strictObject({
  received: z.enum(['genuine', 'unknown-key', 'absent']).describe('The cookie of this request'),
  visits: z.number().describe('Stored in the cookie only'),
  set: z.string().describe('The cookie that this response sets'),
  attributes: z.array(z.strictObject({ attribute: z.string(), sent: z.boolean(), prevents: z.string() })),
  checks: z.array(z.strictObject({ cookie: z.string(), verdict: z.string(), accepted: z.boolean() })),
});
type Result = z.infer<typeof result>;

const signerOf = perService((resources) => new Signer(readKey(resources)));

export const cookies = demoRoute({
  method: 'get',
  path: '/cookies',
  title: 'Signed cookies',
  summary: 'Sets a signed cookie with every protective attribute, and rejects a forged one.',
  teaches:
    'A client can change any cookie that it sends. A signature detects changes but not replays. The attributes limit ' +
    'who can set, send and read the cookie.',
  result,
  examples: [
    { title: 'Get a cookie', query: { as: 'text' } },
    { title: 'Send a forged cookie', headers: { Cookie: `${COOKIE}=1000000.forged` }, status: 403 },
    { title: 'Keep the cookie and send it back', curl: '-c /tmp/jar -b /tmp/jar' },
  ],
  contrasts: [],
  run({ req, res, resources }) {
    const signer = signerOf(resources);
    const { verdict, value } = signer.open(parseCookies(req.get('cookie') ?? '').get(COOKIE));
    if (verdict === 'forged') {
      throw new Problem('forbidden', { detail: `The cookie ${COOKIE} has no valid signature.` });
    }
    const visits = verdict === 'genuine' ? Number(value) + 1 : 1;
    const cookie = `${COOKIE}=${signer.sign(String(visits))}; Path=/; Max-Age=${MAX_AGE_S}; Secure; HttpOnly; SameSite=Lax`;
    res.append('Set-Cookie', cookie);
    const set = String(res.getHeader('Set-Cookie'));
    const observed: Result = {
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
    return { result: observed, lesson: conclude(observed) };
  },
});

/** All workers share a configured key. Without one, each worker generates its own. */
function readKey({ dependencies }: DemoResources): Buffer {
  const secret = (dependencies.config as { readonly COOKIE_SECRET?: string }).COOKIE_SECRET ?? 'none';
  if (secret === 'none') return randomBytes(32);
  const master = createSecretKey(Buffer.from(secret));
  return Buffer.from(hkdfSync('sha256', master, '', 'security/cookies', 32));
}

function tryForgeries(signer: Signer): Result['checks'] {
  const genuine = signer.sign('1');
  const [value = '', keyId = '', signature = ''] = genuine.split('.');
  const flipped = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
  const other = new Signer(randomBytes(32));
  const attempts: [string, string][] = [
    ['unchanged', genuine],
    ['with another value', `${Number(value) + 999_999}.${keyId}.${signature}`],
    ['with one character of the signature changed', `${value}.${keyId}.${flipped}`],
    ['with another spelling of the same signature bytes', respell(genuine)],
    ['with padding after the signature', `${genuine}=`],
    ['without a signature', value],
    ['signed with another key, but with our key id', other.sign(value).replace(other.keyId, keyId)],
    ['signed with another key', other.sign(value)],
  ];
  return attempts.map(([cookie, signed]) => {
    const { verdict } = signer.open(signed);
    return { cookie, verdict, accepted: verdict === 'genuine' };
  });
}

/** The last character of 32 bytes in base64url has two bits that lenient decoders ignore. */
function respell(signed: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const last = alphabet.indexOf(signed.slice(-1));
  return signed.slice(0, -1) + (alphabet[last ^ 1] ?? '');
}

const receptions: Readonly<Record<Result['received'], string>> = {
  genuine: 'This request sent a genuine cookie.',
  'unknown-key':
    'The cookie of this request was ignored: it names a key that this worker does not have, such as an older one.',
  absent: 'This request sent no cookie.',
};

function conclude({ received, visits, checks, attributes }: Result): Lesson {
  const [unchanged, ...forgeries] = checks;
  const accepted = forgeries.filter((check) => check.accepted).length;
  const altered = count(forgeries.length, 'altered cookie');
  const sent = attributes.filter((attribute) => attribute.sent).length;
  return {
    headline:
      unchanged?.accepted !== true
        ? 'The genuine cookie was rejected, which should be impossible'
        : accepted > 0
          ? `${accepted} of ${altered} were accepted, which should be impossible`
          : `The genuine cookie was accepted, all ${altered} were rejected`,
    text:
      `${receptions[received]} The new one counts ${count(visits, 'visit')} and has ${sent} of ` +
      `${attributes.length} protective attributes. ${accepted} of ${altered} passed the signature check.`,
  };
}
