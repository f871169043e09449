/** A private TCP server and one connection to it. */
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type ServerOpts, type Socket } from 'node:net';

/**
 * Runs `visit` with the client side of a connection to a private server, and destroys both sides afterwards.
 *
 * @param options those of both sides
 * @throws what `visit` throws, or the signal's reason
 */
export async function overTcp<T>(
  options: Pick<ServerOpts, 'allowHalfOpen' | 'noDelay'>,
  serve: (socket: Socket) => void,
  visit: (socket: Socket) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const sockets: Socket[] = [];
  const server = createServer(options, (socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined); // the client may be gone; it reports what matters
    serve(socket);
  });
  // Exclusive: the cluster must not pass this connection to another worker.
  server.listen({ host: '127.0.0.1', port: 0, exclusive: true });
  try {
    await once(server, 'listening', { signal });
    const { port } = server.address() as AddressInfo;
    const client = connect({ ...options, host: '127.0.0.1', port, signal });
    sockets.push(client);
    client.on('error', () => undefined); // also after it has connected: `visit` waits for what it needs
    await once(client, 'connect');
    return await visit(client);
  } finally {
    for (const socket of sockets) socket.destroy();
    server.close();
  }
}
