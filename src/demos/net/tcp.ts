/** A private TCP server and one connection to it. */
import { once } from 'node:events';
import { connect, createServer, type ServerOpts, type Socket } from 'node:net';
import { whileListening } from '../kit/measure/loopback.ts';

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
  const server = createServer(options, (socket) => {
    socket.on('error', () => undefined); // the client may be gone; it reports what matters
    serve(socket);
  });
  return whileListening(server, async (port) => {
    const client = connect({ ...options, host: '127.0.0.1', port, signal });
    client.on('error', () => undefined); // also after it has connected: `visit` waits for what it needs
    try {
      await once(client, 'connect');
      return await visit(client);
    } finally {
      client.destroy();
    }
  });
}
