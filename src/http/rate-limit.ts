import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { ipKeyGenerator, rateLimit, type RateLimitInfo, type Store } from 'express-rate-limit';
import type { Config } from '../config/variables.ts';
import type { Logger } from '../process/logger.ts';
import { isProbe } from './health.ts';
import { Problem } from './problem.ts';

/** Where the hits of each client are counted. */
export interface Counts extends Store {
  /** Whether whoever counts did not answer a moment ago, so that it is not worth asking. */
  readonly silent?: boolean;
}

interface RateLimitOptions {
  readonly config: Pick<Config, 'RATE_LIMIT_MAX' | 'RATE_LIMIT_WINDOW_MS'>;
  readonly log: Logger;
  /** Makes the counts of a limiter, by its name; limiters of the same name share theirs. */
  readonly createCounts: (limiter: string) => Counts;
}

/**
 * Limits the requests of one client over all workers: the primary counts.
 *
 * A primary that does not answer within a second lets requests pass uncounted and says so in the log, and for a
 * moment it is not asked at all: a limiter that fails must not become the outage it is there to prevent. Probes are
 * exempt.
 */
export function createRateLimit({ config, log, createCounts }: RateLimitOptions): RequestHandler {
  const { RATE_LIMIT_MAX: limit, RATE_LIMIT_WINDOW_MS: windowMs } = config;
  const policy = `"client"; q=${limit}; w=${Math.ceil(windowMs / 1000)}`;
  const store = createCounts('client');
  const limiter = rateLimit({
    limit,
    windowMs,
    // Written below: the package hashes the client's key anew for each answer, for a parameter that is optional.
    standardHeaders: false,
    legacyHeaders: false,
    store,
    keyGenerator: clientKey,
    skip: (req) => isProbe(req.path) || store.silent === true,
    passOnStoreError: true,
    logger: adaptLogger(log),
    // X-Forwarded-For without TRUST_PROXY is ignored on purpose, so nobody needs to be told of it.
    validate: { xForwardedForHeader: false },
    handler: (req, _res, next) => next(refuse(countOf(req))),
  });
  function countAndTell(req: Request, res: Response, next: NextFunction): void {
    void limiter(req, res, (error?: unknown) => {
      const count = countOf(req);
      if (count !== undefined) {
        res.setHeader('RateLimit', `"client"; r=${count.remaining}; t=${secondsLeft(count)}`);
        res.setHeader('RateLimit-Policy', policy);
      }
      next(error);
    });
  }
  // It can be asked and reset as the package's own function can.
  return Object.assign(countAndTell, { resetKey: limiter.resetKey, getKey: limiter.getKey });
}

/** What the limiter notes on a request; nothing where it was skipped. */
function countOf(req: Request): RateLimitInfo | undefined {
  return (req as Request & { rateLimit?: RateLimitInfo }).rateLimit;
}

function secondsLeft({ resetTime }: RateLimitInfo): number {
  return resetTime === undefined ? 0 : Math.max(0, Math.ceil((resetTime.getTime() - Date.now()) / 1000));
}

function refuse(count: RateLimitInfo | undefined): Problem {
  const seconds = count === undefined ? 1 : Math.max(1, secondsLeft(count));
  return new Problem('rate-limited', {
    detail: 'Wait as long as Retry-After says.',
    headers: { 'Retry-After': String(seconds) },
  });
}

/** IPv4 by address; IPv6 by its /56, for one customer has at least that many addresses. */
export function clientKey(req: Request): string {
  const ip = req.res?.locals.ip ?? req.ip ?? 'unknown';
  // An IPv4 client on a dual-stack listener: parsing it as IPv6 costs far more than cutting it.
  if (ip.startsWith('::ffff:') && ip.includes('.')) return ip.slice('::ffff:'.length);
  return ip.includes(':') ? ipKeyGenerator(ip, 56) : ip;
}

function adaptLogger(log: Logger) {
  return {
    error: (err: unknown, msg?: string) => log.error({ err, event: 'rate-limit' }, msg),
    warn: (err: unknown, msg?: string) => log.warn({ err, event: 'rate-limit' }, msg),
  };
}
