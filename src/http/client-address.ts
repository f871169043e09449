import type { Request } from 'express';
import { isIP } from 'node:net';

/** `1.2.3.4:5678` and `[::1]:5678`, as some proxies write it into `X-Forwarded-For`. */
const withPort = /^(?:\[([^\]]+)\](?::\d+)?|([^:]+):\d+)$/;

/**
 * Who asks, by address: what the trusted proxies say, and where that is no address, whoever holds the connection. It is
 * what clients are counted by and what the log says: with anything else in it, each request could be another client.
 */
export function clientAddress(req: Request): string | undefined {
  const { ip } = req;
  if (ip === undefined || isIP(ip) !== 0) return ip;
  const [, v6, v4] = withPort.exec(ip) ?? [];
  const address = v6 ?? v4;
  return address !== undefined && isIP(address) !== 0 ? address : req.socket.remoteAddress;
}
