import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { Server as TlsServer } from 'node:tls';

interface Address {
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  /** In a worker: whether the listener belongs to this process and not to the cluster. */
  readonly exclusive?: boolean;
}

const reasons: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use',
  EACCES: 'this user may not use the port',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'unknown host name',
  EAI_AGAIN: 'the host name cannot be resolved right now',
  EINVAL: 'invalid listen address, for example link-local IPv6 without a zone',
};

/** A server cannot listen on an address. */
export class ListenError extends Error {
  constructor({ host, port }: Address, cause: NodeJS.ErrnoException) {
    const reason = reasons[cause.code ?? ''];
    const why = reason === undefined ? cause.message : `${reason} (${cause.code})`;
    super(`Cannot listen on ${host.includes(':') ? `[${host}]` : host}:${port}: ${why}`, { cause });
    this.name = 'ListenError';
  }
}

/**
 * @returns the URL that the server now listens on
 * @throws {ListenError} if it cannot
 */
export async function listen(server: Server, address: Address): Promise<string> {
  server.listen(address);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError(address, error as NodeJS.ErrnoException);
  }
  return toUrl(server.address() as AddressInfo, server instanceof TlsServer);
}

function toUrl({ address, family, port }: AddressInfo, secure: boolean): string {
  return `http${secure ? 's' : ''}://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
