import type { RequestHandler } from 'express';
import type { Logger } from 'pino';

interface UntrustedProxyOptions {
  readonly log: Logger;
}

/**
 * Warns, once, about forwarded headers from an address that `TRUST_PROXY` does not include. They are ignored: behind a
 * proxy that is not configured, all visitors are one client, and share its rate limit.
 */
export function createUntrustedProxy({ log }: UntrustedProxyOptions): RequestHandler {
  let warned = false;
  return function untrustedProxy(req, _res, next) {
    const { headers, socket } = req;
    if (!warned && (headers['x-forwarded-for'] !== undefined || headers.forwarded !== undefined)) {
      const address = socket.remoteAddress ?? '';
      const isTrusted = req.app.get('trust proxy fn') as (address: string, hop: number) => boolean;
      if (!isTrusted(address, 0)) {
        warned = true;
        log.warn(
          { event: 'untrusted-proxy', address },
          `forwarded headers from ${address} are ignored; if it is a proxy of yours, add it to TRUST_PROXY: without that, all of its visitors are one client to the rate limit`,
        );
      }
    }
    next();
  };
}
