/** Clients of HTTP/1.1 and HTTP/2 without encryption, which would hide how many bytes a header takes. */
import { once } from 'node:events';
import { Agent, request as startRequest } from 'node:http';
import { connect, type ClientHttp2Session } from 'node:http2';
import type { Readable } from 'node:stream';

export const protocols = ['HTTP/1.1', 'HTTP/2'] as const;
export type Protocol = (typeof protocols)[number];

interface ClientOptions {
  readonly port: number;
  /** The most connections of HTTP/1.1; HTTP/2 has one. */
  readonly connections: number;
  readonly signal: AbortSignal;
}

export interface Client extends Disposable {
  /** Sends a GET request and reads its response. @returns the length of the content in bytes */
  get(path: string, headers?: Readonly<Record<string, string>>): Promise<number>;
}

export function createClient(protocol: Protocol, options: ClientOptions): Client {
  return protocol === 'HTTP/2' ? new Http2Client(options) : new Http1Client(options);
}

class Http1Client implements Client {
  readonly #options: ClientOptions;
  readonly #agent: Agent;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#agent = new Agent({ keepAlive: true, maxSockets: options.connections });
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const { port, signal } = this.#options;
    const options = { host: '127.0.0.1', port, path, headers: { ...headers }, agent: this.#agent, signal };
    const request = startRequest(options).end();
    const [response] = (await once(request, 'response')) as [Readable];
    return lengthOf(response);
  }

  [Symbol.dispose](): void {
    this.#agent.destroy();
  }
}

class Http2Client implements Client {
  readonly #signal: AbortSignal;
  readonly #session: ClientHttp2Session;

  constructor({ port, signal }: ClientOptions) {
    this.#signal = signal;
    this.#session = connect(`http://127.0.0.1:${port}`);
    this.#session.on('error', () => undefined); // its requests fail with the same error
  }

  async get(path: string, headers: Readonly<Record<string, string>> = {}): Promise<number> {
    const stream = this.#session.request({ ':path': path, ...headers }, { signal: this.#signal });
    stream.end();
    // A connection that ends before the response may end without an error.
    const { promise: responded, resolve, reject } = Promise.withResolvers<undefined>();
    stream.once('response', () => resolve(undefined)).once('error', reject);
    stream.once('close', () => reject(new Error('the connection ended')));
    await responded;
    return lengthOf(stream);
  }

  [Symbol.dispose](): void {
    this.#session.destroy();
  }
}

async function lengthOf(content: Readable): Promise<number> {
  let length = 0;
  for await (const chunk of content as AsyncIterable<Buffer>) length += chunk.length;
  return length;
}
