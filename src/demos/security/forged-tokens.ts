/** Tokens that a service must not accept, and one that it must. */
import { SignJWT } from 'jose';
import type { LocalIssuer } from '../../identity/local-issuer.ts';

export const AUDIENCE = 'exemplar';

interface Kind {
  readonly token: string;
  /** Whether the issuer has issued it for this service, and for now. */
  readonly genuine: boolean;
  readonly make: (issuer: LocalIssuer) => Promise<string>;
}

const seconds = () => Math.floor(Date.now() / 1_000);
const claims = () => ({ sub: 'ada', aud: AUDIENCE, scope: 'read' });
const all = ({ url }: LocalIssuer) => ({ ...claims(), iss: url, iat: seconds(), exp: seconds() + 300 });
const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');

export const kinds: readonly Kind[] = [
  { token: 'genuine', genuine: true, make: (issuer) => issuer.sign(claims()) },
  {
    token: 'says that it is not signed',
    genuine: false,
    make: async (issuer) => `${encode({ alg: 'none' })}.${encode(all(issuer))}.`,
  },
  {
    token: 'public key used as a secret',
    genuine: false,
    make: (issuer) =>
      new SignJWT(all(issuer))
        .setProtectedHeader({ alg: 'HS256', kid: issuer.key.kid })
        .sign(Buffer.from(JSON.stringify(issuer.key.jwk))),
  },
  {
    token: 'signed with another key',
    genuine: false,
    make: async (issuer) => issuer.sign(claims(), { ...(await issuer.createKey()), kid: issuer.key.kid }),
  },
  {
    token: 'with a changed claim',
    genuine: false,
    async make(issuer) {
      const [head, , signature] = (await issuer.sign(claims())).split('.');
      return `${head}.${encode({ ...all(issuer), sub: 'admin' })}.${signature}`;
    },
  },
  {
    token: 'expired',
    genuine: false,
    make: (issuer) => issuer.sign({ ...claims(), exp: seconds() - 60 }),
  },
  {
    token: 'for another service',
    genuine: false,
    make: (issuer) => issuer.sign({ ...claims(), aud: 'another-service' }),
  },
  {
    token: 'of another issuer',
    genuine: false,
    make: (issuer) => issuer.sign({ ...claims(), iss: 'https://issuer.example' }),
  },
];
