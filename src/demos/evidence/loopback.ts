import { once } from 'node:events';
import { createServer, get, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A private server on loopback: a real exchange whose both ends can be watched. */
export async function overLoopback<T>(
  serve: RequestListener,
  visit: (origin: string) => Promise<T>,
): Promise<T> {
  const server = createServer(serve);
  // Not one of the cluster's listeners: other workers must not answer here.
  server.listen({ host: '127.0.0.1', port: 0, exclusive: true });
  await once(server, 'listening');
  try {
    return await visit(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  } finally {
    server.close();
    server.closeAllConnections();
  }
}

/** Asks for a URL on a connection of its own. */
export async function ask(url: string, signal: AbortSignal): Promise<IncomingMessage> {
  const [response] = (await once(get(url, { agent: false, signal }), 'response')) as [IncomingMessage];
  return response;
}
