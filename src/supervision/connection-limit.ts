import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * Limits the connections of a server so that a flood leaves file descriptors for other purposes, and the server still
 * responds: a connection over the limit closes the one that has been without a request the longest, not the new one, as
 * `server.maxConnections` does. If all others wait for a response, it closes the new one.
 *
 * @returns the open connections
 */
export function limitConnections(server: Server, max: number): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  const idle = new Set<Socket>(); // the longest idle first
  const forget = (socket: Socket) => {
    open.delete(socket);
    idle.delete(socket);
  };
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    idle.add(socket);
    socket.once('close', () => forget(socket));
    const [longestIdle] = idle;
    if (open.size <= max || longestIdle === undefined) return;
    forget(longestIdle);
    longestIdle.destroy();
  });
  server.on('request', ({ socket }: IncomingMessage, res: ServerResponse) => {
    idle.delete(socket);
    res.once('close', () => {
      if (open.has(socket)) idle.add(socket);
    });
  });
  return open;
}
