import type { Socket } from 'node:net';

/** How long a client may go on sending to a connection that this server has ended, in milliseconds. */
const LINGER_MS = 1_000;

/**
 * Makes the connection read on for a while after its last response. A socket that is closed with unread bytes resets the
 * connection, and the client may lose the response: https://www.rfc-editor.org/rfc/rfc9112#section-9.6
 *
 * @param socket of a server; Node.js calls its `destroySoon` after the last response
 */
export function linger(socket: Socket): void {
  socket.destroySoon = function endAndLinger() {
    if (socket.destroyed || socket.writableEnded) return;
    socket.end();
    // What still arrives is dropped. Node.js takes the connection from the parser when another listener reads it.
    socket
      .removeAllListeners('data')
      .removeAllListeners('resume')
      .on('data', () => undefined);
    socket.resume();
    const timer = setTimeout(() => socket.destroy(), LINGER_MS).unref();
    socket.once('close', () => clearTimeout(timer));
  };
}
