import {
  connect,
  constants,
  type ClientHttp2Session,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
  type OutgoingHttpHeaders,
} from 'node:http2';
import { text as readText } from 'node:stream/consumers';
import { once } from 'node:events';

export interface Http2Request {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface Http2Response {
  readonly status: number;
  readonly headers: IncomingHttpHeaders & IncomingHttpStatusHeader;
  readonly text: string;
}

/** One HTTP/2 connection at a time, as a browser has it: it opens another one when the server ends it. */
export class Http2Client implements Disposable {
  readonly #url: string;
  readonly #ca: Buffer;
  #session: ClientHttp2Session | undefined;

  /** @param ca the certificate that the server must have */
  constructor(url: string, ca: Buffer) {
    this.#url = url;
    this.#ca = ca;
  }

  /** Opens a stream for a request. */
  request(headers: OutgoingHttpHeaders, { hasBody = false } = {}): ClientHttp2Stream {
    this.#session ??= this.#connect();
    // A proxy may send a request to another server only if it knows from the start that there is no body.
    return this.#session.request(headers, { endStream: !hasBody });
  }

  /** Sends a request, and once more if the server ended the connection before it processed it (RFC 9113, 8.7). */
  async send(request: Http2Request): Promise<Http2Response> {
    const { path, method = 'GET', headers = {}, body } = request;
    const hasBody = body !== undefined;
    const stream = this.request({ ':path': path, ':method': method, ...headers }, { hasBody });
    if (hasBody) stream.end(body);
    try {
      const [received] = (await once(stream, 'response')) as [Http2Response['headers']];
      return { status: received[':status'] ?? 0, headers: received, text: await readText(stream) };
    } catch (error) {
      if (stream.rstCode === constants.NGHTTP2_REFUSED_STREAM) return this.send(request);
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#session?.destroy();
  }

  #connect(): ClientHttp2Session {
    const session = connect(this.#url, { ca: this.#ca });
    const forget = () => {
      if (this.#session === session) this.#session = undefined;
    };
    // The last request of a connection: streams that are open go on.
    session.on('goaway', forget).on('close', forget).on('error', forget);
    return session;
  }
}
