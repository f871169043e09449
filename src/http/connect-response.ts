import { ServerResponse, type IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';

/**
 * The response to a CONNECT request, for which Node.js creates none: without a listener, it closes the
 * connection. The connection is closed after the response.
 *
 * @param Response the class of the response
 */
export function createConnectResponse(
  req: IncomingMessage,
  socket: Socket,
  Response: typeof ServerResponse = ServerResponse,
): ServerResponse {
  const res = new Response(req);
  res.assignSocket(socket);
  res.once('finish', () => socket.destroySoon());
  socket.once('close', () => res.emit('close'));
  // The parser is detached, so nothing else listens for an error.
  socket.on('error', () => socket.destroy());
  return res;
}
