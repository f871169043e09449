import { once } from 'node:events';
import { connect, createServer, type ConnectionOptions, type TLSSocket, type TlsOptions } from 'node:tls';
import { whileListening } from '../kit/measure/loopback.ts';

/** Runs a server that echoes while `visit` runs. */
export function overTls<T>(options: TlsOptions, visit: (port: number) => Promise<T>): Promise<T> {
  const server = createServer(options, (socket) => {
    socket.on('error', () => undefined); // a client that has what it wants is gone
    socket.pipe(socket);
  });
  server.on('tlsClientError', () => undefined); // the client knows it as well
  return whileListening(server, visit);
}

/** Runs `use` with a socket that connects to localhost, and destroys it afterwards. */
export async function withConnection<T>(
  options: ConnectionOptions,
  signal: AbortSignal,
  use: (socket: TLSSocket) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const socket = connect({ host: '127.0.0.1', servername: 'localhost', ...options });
  const abort = () => socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort);
  try {
    return await use(socket);
  } finally {
    signal.removeEventListener('abort', abort);
    socket.on('error', () => undefined).destroy();
  }
}

/** @returns what a handshake agreed on, or the code of the error that ended it */
export async function tryHandshake(
  options: ConnectionOptions,
  signal: AbortSignal,
): Promise<{ readonly agreed: string } | { readonly error: string }> {
  return withConnection(options, signal, async (socket) => {
    try {
      await once(socket, 'secureConnect');
      return { agreed: `${socket.getProtocol() ?? ''} ${socket.getCipher().name}` };
    } catch (error) {
      signal.throwIfAborted();
      return { error: (error as NodeJS.ErrnoException).code ?? String(error) };
    }
  });
}
