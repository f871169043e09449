import {
  createRemoteJWKSet,
  customFetch,
  errors,
  jwtVerify,
  type FetchImplementation,
  type JWTPayload,
} from 'jose';
import { z } from 'zod';
import { Problem, type ProblemType } from '../http/problem.ts';
import type { Outbound } from '../outbound/open.ts';
import type { ScopedCaller } from './scopes.ts';

/** A caller with a valid token. Its id is the token's subject. */
export interface TokenCaller extends ScopedCaller {
  readonly claims: JWTPayload;
}

export interface TokenVerifierOptions {
  /** The `iss` of a valid token. */
  readonly issuer: string;
  /** What the `aud` of a valid token includes: the name of this service at the issuer. */
  readonly audience: string;
  /** Where the issuer publishes its public keys: https://www.rfc-editor.org/rfc/rfc7517#section-5 */
  readonly jwksUrl: URL;
  /**
   * How long after the last request for the keys a token with an unknown one may cause another (ms): forged tokens must
   * not become a load on the issuer. Defaults to 30 seconds.
   */
  readonly refetchAfterMs?: number;
  /** How the keys are requested. Defaults to `fetch`. */
  readonly outbound?: Outbound;
}

/** @throws {Problem} `unauthorized`; or `identity-unavailable` if the keys cannot be read */
export type VerifyToken = (token: string) => Promise<TokenCaller>;

export const identityUnavailable: ProblemType = {
  code: 'identity-unavailable',
  status: 503,
  title: 'Identity provider unavailable',
};

/** With a public key: a secret that every service knows could sign tokens, too. The token does not choose. */
const ALGORITHMS = ['ES256', 'EdDSA', 'PS256', 'RS256'];
const CLOCK_TOLERANCE_S = 5;
const TIMEOUT_MS = 3_000;

/** Verifies bearer tokens (JWT) with the keys that their issuer publishes: https://www.rfc-editor.org/rfc/rfc8725 */
export function createTokenVerifier(options: TokenVerifierOptions): VerifyToken {
  const { issuer, audience, jwksUrl, refetchAfterMs = 30_000, outbound } = options;
  const keys = createRemoteJWKSet(jwksUrl, {
    cooldownDuration: refetchAfterMs,
    timeoutDuration: TIMEOUT_MS,
    ...(outbound === undefined ? {} : { [customFetch]: fetchKeys(outbound) }),
  });
  return async function verifyToken(token) {
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer,
        audience,
        algorithms: ALGORITHMS,
        requiredClaims: ['exp'],
        clockTolerance: CLOCK_TOLERANCE_S,
      });
      const { sub, scope } = payload;
      // An empty id is that of tasks without an owner.
      if (typeof sub !== 'string' || sub === '') {
        throw new errors.JWTClaimValidationFailed('must be a name', payload, 'sub', 'invalid');
      }
      const scopes = new Set(typeof scope === 'string' ? scope.split(' ') : []);
      return { id: sub, scopes, claims: payload };
    } catch (error) {
      throw toProblem(error);
    }
  };
}

const keySet = z.looseObject({ keys: z.array(z.looseObject({ kty: z.string() })) });

/** The operator's URL may be private; the library checks each key. */
function fetchKeys(outbound: Outbound): FetchImplementation {
  const client = outbound.client({ name: 'issuer keys', urls: 'configured', timeoutMs: TIMEOUT_MS });
  return async (url, { signal }) => {
    const { body } = await client.request(url, { response: keySet, signal });
    return Response.json(body);
  };
}

/** Whatever keeps the keys away is no fault of the token. */
function toProblem(error: unknown): Problem {
  const aboutKeys =
    error instanceof errors.JWKSTimeout ||
    error instanceof errors.JWKSInvalid ||
    !(error instanceof errors.JOSEError) ||
    error.code === 'ERR_JOSE_GENERIC'; // the issuer responded with another status than 200
  if (aboutKeys) {
    return new Problem(identityUnavailable, {
      detail: 'The keys of the issuer cannot be read.',
      headers: { 'Retry-After': '1' },
      cause: error,
    });
  }
  const detail = describe(error);
  return new Problem('unauthorized', {
    detail,
    headers: { 'WWW-Authenticate': `Bearer error="invalid_token", error_description="${detail}"` },
  });
}

/** In words of its own, and without the cause: an error of the library may carry what is in the token. */
function describe(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'The token has expired.';
  if (error instanceof errors.JWTClaimValidationFailed) return `The claim ${error.claim} is not accepted.`;
  if (error instanceof errors.JOSEAlgNotAllowed) return 'The algorithm is not accepted.';
  if (error instanceof errors.JWKSNoMatchingKey) return 'The issuer has no such key.';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'The signature is wrong.';
  return 'The token is malformed.';
}
