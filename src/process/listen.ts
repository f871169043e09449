import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';

interface Address {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /** In a worker: whether it is this process's own listener, and not one of the cluster's. */
  readonly exclusive?: boolean;
}

const faults: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is taken',
  EACCES: 'this user may not use the port',
  EADDRNOTAVAIL: 'this machine does not have the address',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the host name cannot be looked up now',
  EINVAL: 'the address cannot be listened on as it is, a link-local one without its zone, say',
};

/** Says where one could not listen, and why. */
export class ListenError extends Error {
  constructor({ host, port }: Address, cause: NodeJS.ErrnoException) {
    const fault = faults[cause.code ?? ''];
    const why = fault === undefined ? cause.message : `${fault} (${cause.code})`;
    super(`Cannot listen on ${host.includes(':') ? `[${host}]` : host}:${port}: ${why}`, { cause });
    this.name = 'ListenError';
  }
}

/**
 * @returns the address, as a URL, that the server now listens on
 * @throws {ListenError} where it cannot
 */
export async function listen(server: Server, address: Address): Promise<string> {
  server.listen(address);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new ListenError(address, error as NodeJS.ErrnoException);
  }
  return toUrl(server.address() as AddressInfo);
}

function toUrl({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
