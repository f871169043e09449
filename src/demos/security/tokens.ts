import { decodeJwt, jwtVerify } from 'jose';
import { z } from 'zod';
import { Problem } from '../../http/problem.ts';
import { LocalIssuer } from '../../identity/local-issuer.ts';
import { createTokenVerifier } from '../../identity/token-verifier.ts';
import { count, ms } from '../kit/answer/units.ts';
import { demoRoute, oneOf, type Lesson } from '../kit/demo.ts';
import { toMicroseconds } from '../kit/measure/timeline.ts';
import { AUDIENCE, kinds } from './forged-tokens.ts';

/** Verifications of which the fastest counts. */
const RUNS = 30;
/** Tokens with keys that the issuer never published. */
const UNKNOWN_KEYS = 20;

const row = z.strictObject({
  token: z.string(),
  decoded: z.boolean().describe('Accepted if the service only decodes it'),
  signature: z
    .boolean()
    .describe('Accepted if the service checks the signature, and no claim but the expiry'),
  verified: z.boolean().describe('Accepted by the guard of this service'),
  reason: z.string().describe('What the guard says of it'),
});
type Row = z.infer<typeof row>;

const resultSchema = z.strictObject({
  algorithm: z.string(),
  rows: z.array(row),
  verifyMs: z.number().describe('The fastest of 30 verifications'),
  keyRequests: z.strictObject({
    first: z.number().describe('Requests for the keys of the issuer until here'),
    afterUnknownKeys: z.number().describe('After 20 tokens with keys that it does not have'),
    afterRotation: z.number().describe('By another verifier, after the issuer has replaced its key'),
  }),
  rotatedAccepted: z.boolean().describe('Whether a token with the new key was accepted'),
});
type Result = z.infer<typeof resultSchema>;

export const tokens = demoRoute({
  method: 'get',
  path: '/tokens',
  title: 'Forged tokens',
  summary: 'Sends genuine and forged bearer tokens (JWT) to three ways to check them.',
  teaches:
    'A token is text that anyone can write: decoding it proves nothing. Verify the signature with a key of the issuer and an ' +
    'algorithm that the service chooses, then issuer, audience and expiry. Keep the keys, and bound how often an unknown one ' +
    'makes you ask for them again.',
  query: z.object({ algorithm: oneOf('Of the keys of the issuer', ['ES256', 'EdDSA', 'RS256']) }),
  result: resultSchema,
  examples: [
    { title: 'Elliptic curves', query: { as: 'text' } },
    { title: 'RSA', query: { algorithm: 'RS256', as: 'text' } },
  ],
  contrasts: ['security/cookies', 'security/timing'],
  async run({ query: { algorithm }, signal, timeline }) {
    await using issuer = await timeline.record('issuer starts', 'event loop', () =>
      LocalIssuer.start({ algorithm }),
    );
    const verifier = { issuer: issuer.url, audience: AUDIENCE, jwksUrl: issuer.jwksUrl };
    const verify = createTokenVerifier(verifier);
    const rows: Row[] = [];
    for (const { token, make } of kinds) {
      signal.throwIfAborted();
      const text = await make(issuer);
      const reason = await reasonOf(verify(text));
      rows.push({
        token,
        decoded: accepts(() => decodeJwt(text)),
        signature: await resolves(jwtVerify(text, issuer.key.publicKey)),
        verified: reason === undefined,
        reason: reason ?? 'It is accepted.',
      });
    }
    const genuine = await issuer.sign({ sub: 'ada', aud: AUDIENCE });
    const verifyMs = await timeline.record('verify again', 'event loop', () =>
      fastest(() => verify(genuine)),
    );
    const first = issuer.requests;
    await timeline.record('unknown keys', 'event loop', async () => {
      for (let n = 0; n < UNKNOWN_KEYS; n += 1) {
        const key = { ...issuer.key, kid: `unknown-${n}` };
        await reasonOf(verify(await issuer.sign({ sub: 'ada', aud: AUDIENCE }, key)));
      }
    });
    const afterUnknownKeys = issuer.requests;
    const eager = createTokenVerifier({ ...verifier, refetchAfterMs: 0 });
    await reasonOf(eager(genuine));
    await issuer.rotate();
    const rotated = await issuer.sign({ sub: 'ada', aud: AUDIENCE });
    const rotatedAccepted = (await reasonOf(eager(rotated))) === undefined;
    const afterRotation = issuer.requests - afterUnknownKeys;
    const result: Result = {
      algorithm,
      rows,
      verifyMs,
      keyRequests: { first, afterUnknownKeys, afterRotation },
      rotatedAccepted,
    };
    return { result, lesson: conclude(result) };
  },
});

function accepts(decode: () => unknown): boolean {
  try {
    decode();
    return true;
  } catch {
    return false;
  }
}

function resolves(promise: Promise<unknown>): Promise<boolean> {
  return promise.then(
    () => true,
    () => false,
  );
}

/** @returns undefined if the token was accepted */
async function reasonOf(verified: Promise<unknown>): Promise<string | undefined> {
  try {
    await verified;
    return undefined;
  } catch (error) {
    if (error instanceof Problem && error.status === 401) return error.message;
    throw error;
  }
}

async function fastest(work: () => Promise<unknown>): Promise<number> {
  let best = Infinity;
  for (let run = 0; run < RUNS; run += 1) {
    const startedAt = performance.now();
    await work();
    best = Math.min(best, performance.now() - startedAt);
  }
  return toMicroseconds(best);
}

function conclude({ rows, verifyMs, keyRequests, rotatedAccepted, algorithm }: Result): Lesson {
  const genuine = new Set(kinds.filter((kind) => kind.genuine).map(({ token }) => token));
  const forged = rows.filter(({ token }) => !genuine.has(token));
  const [decoded, verified] = (['decoded', 'verified'] as const).map(
    (way) => forged.filter((one) => one[way]).length,
  );
  const signature = forged.filter((one) => one.signature).map(({ token }) => token);
  const refused = rows.filter(({ token, verified: accepted }) => genuine.has(token) && !accepted).length;
  const asked = keyRequests.afterUnknownKeys - keyRequests.first;
  return {
    headline: `Decoding accepted ${decoded} of ${forged.length} forged tokens, verifying ${verified}`,
    text:
      `Decoding alone accepted ${decoded} of ${forged.length} forged tokens. Checking the signature and the expiry accepted ` +
      `${signature.length}${signature.length === 0 ? '' : ` (${signature.join(', ')})`}. Checking issuer and audience, too, accepted ${verified}. ` +
      `${refused === 0 ? 'The genuine one was accepted.' : 'The genuine one was refused.'} ` +
      `A verification (${algorithm}) took ${ms(verifyMs)}. ${UNKNOWN_KEYS} tokens with unknown keys caused ${asked} more requests ` +
      `for the keys of the issuer; a token with its new key was ${rotatedAccepted ? `accepted after ${count(keyRequests.afterRotation - 1, 'more request')}` : 'refused'}.`,
  };
}
