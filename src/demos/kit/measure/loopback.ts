/** Servers on loopback, and requests to them that share no connection. */
import { once } from 'node:events';
import {
  createServer,
  request as startRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type RequestListener,
} from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';

interface RequestOptions {
  /** Defaults to GET. */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal: AbortSignal;
}

export interface ReceivedResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** The body as it was sent, which may be compressed. */
  readonly body: Buffer;
}

/** Runs a private server while `visit` runs, and closes its connections afterwards. */
export async function whileListening<T>(server: Server, visit: (port: number) => Promise<T>): Promise<T> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  // Exclusive: the cluster must not pass these connections to other workers.
  server.listen({ host: '127.0.0.1', port: 0, exclusive: true });
  await once(server, 'listening');
  try {
    return await visit((server.address() as AddressInfo).port);
  } finally {
    server.close();
    for (const socket of sockets) socket.destroy();
  }
}

/** Runs a private HTTP server while `visit` runs, so that a demo can observe both ends of a real exchange. */
export async function overLoopback<T>(
  serve: RequestListener,
  visit: (origin: string) => Promise<T>,
): Promise<T> {
  return whileListening(createServer(serve), (port) => visit(`http://127.0.0.1:${port}`));
}

/**
 * Sends a request on a new connection.
 *
 * @returns the response as soon as its headers are there; the caller reads its body or destroys it
 */
export async function sendRequest(url: string, options: RequestOptions): Promise<IncomingMessage> {
  const { method = 'GET', headers = {}, body, signal } = options;
  const request = startRequest(url, { method, headers, agent: false, signal });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return response;
}

/** Sends a request on a new connection and reads the whole response. */
export async function fetchResponse(url: string, options: RequestOptions): Promise<ReceivedResponse> {
  const response = await sendRequest(url, options);
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return { status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) };
}
