import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { text } from 'node:stream/consumers';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { listen } from '../http/listen.ts';

interface KeyPair {
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  readonly kid: string;
  readonly jwk: JWK;
}

interface LocalIssuerOptions {
  /** Defaults to any free port. */
  readonly port?: number;
  /** Of its keys, as JOSE names it. Defaults to `ES256`. */
  readonly algorithm?: string;
}

const LIFETIME_S = 300;

/**
 * An issuer of tokens for development and tests, on loopback. It gives a token to anyone who asks:
 *
 * @example
 * curl -s -d 'sub=ada&aud=exemplar&scope=tasks:read' localhost:3002/token
 */
export class LocalIssuer implements AsyncDisposable {
  readonly algorithm: string;
  /** Requests for its keys so far. */
  requests = 0;
  /** The status of the responses to them. */
  status = 200;
  readonly #server: Server;
  readonly #published: KeyPair[] = [];
  #url = '';

  private constructor(algorithm: string) {
    this.algorithm = algorithm;
    this.#server = createServer((req, res) => {
      this.#respond(req)
        .then(({ status, body }) => {
          res.writeHead(status, { 'Content-Type': 'application/json', 'Cache-Control': 'no-store' });
          res.end(`${JSON.stringify(body)}\n`);
        })
        .catch(() => res.destroy()); // the client disconnected before its form was complete
    });
  }

  /** @throws {ListenError} if the port cannot be used */
  static async start({ port = 0, algorithm = 'ES256' }: LocalIssuerOptions = {}): Promise<LocalIssuer> {
    const issuer = new LocalIssuer(algorithm);
    await issuer.rotate();
    // Exclusive: in a cluster, another worker with an issuer of its own would get some of the requests.
    issuer.#url = await listen(issuer.#server, { host: '127.0.0.1', port, exclusive: true });
    return issuer;
  }

  get url(): string {
    return this.#url;
  }

  get jwksUrl(): URL {
    return new URL('/.well-known/jwks.json', this.url);
  }

  /** The pair of keys that it signs with. */
  get key(): KeyPair {
    const key = this.#published[0];
    if (key === undefined) throw new Error('the issuer has not been started');
    return key;
  }

  /** Signs with a new key from now on. The keys before stay valid. */
  async rotate(): Promise<void> {
    this.#published.unshift(await this.createKey());
  }

  /** @returns a key that it does not publish */
  async createKey(): Promise<KeyPair> {
    const { privateKey, publicKey } = await generateKeyPair(this.algorithm, { extractable: true });
    const kid = randomUUID();
    const jwk = { ...(await exportJWK(publicKey)), kid, alg: this.algorithm, use: 'sig' };
    return { privateKey, publicKey, kid, jwk };
  }

  /** @returns a token of this issuer that is valid for five minutes, with these claims instead of its own */
  sign(claims: JWTPayload, key: Pick<KeyPair, 'privateKey' | 'kid'> = this.key): Promise<string> {
    const now = Math.floor(Date.now() / 1_000);
    return new SignJWT({ iss: this.url, iat: now, exp: now + LIFETIME_S, ...claims })
      .setProtectedHeader({ alg: this.algorithm, kid: key.kid })
      .sign(key.privateKey);
  }

  /** Its keys, and at `/token` a token with the claims of a form: https://www.rfc-editor.org/rfc/rfc6749#section-5.1 */
  async #respond(req: IncomingMessage): Promise<{ status: number; body: object }> {
    if (req.url === this.jwksUrl.pathname) {
      this.requests += 1;
      return { status: this.status, body: { keys: this.#published.map(({ jwk }) => jwk) } };
    }
    if (req.url !== '/token' || req.method !== 'POST') return { status: 404, body: { error: 'not_found' } };
    const claims = Object.fromEntries(new URLSearchParams(await text(req)));
    const token = await this.sign(claims);
    return { status: 200, body: { access_token: token, token_type: 'Bearer', expires_in: LIFETIME_S } };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
