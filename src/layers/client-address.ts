import { isIP } from 'node:net';
import type { Request } from 'express';

/** `1.2.3.4:5678` and `[::1]:5678`, as some proxies write it into `X-Forwarded-For`. */
const withPort = /^(?:\[([^\]]+)\](?::\d+)?|([^:]+):\d+)$/;

/**
 * The client's address: from the trusted proxies, or the peer address if they send something that is no address.
 * Clients are rate-limited and logged by it; an arbitrary text would make each request another client.
 */
export function clientAddress(req: Request): string | undefined {
  const { ip } = req;
  if (ip === undefined || isIP(ip) !== 0) return ip;
  const [, v6, v4] = withPort.exec(ip) ?? [];
  const address = v6 ?? v4;
  return address !== undefined && isIP(address) !== 0 ? address : req.socket.remoteAddress;
}
