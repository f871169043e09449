import type { NextFunction, Request, RequestHandler, Response } from 'express';
import { rateLimit, type RateLimitInfo } from 'express-rate-limit';
import type { Logger } from 'pino';
import type { Config } from '../config/core-variables.ts';
import { isProbe } from '../http/probes.ts';
import { Problem } from '../http/problem.ts';
import { clientKey } from '../rate-limit/client-key.ts';
import type { CreateRateLimitStore } from '../rate-limit/store.ts';

interface RateLimitOptions {
  readonly config: Pick<Config, 'RATE_LIMIT_MAX' | 'RATE_LIMIT_WINDOW_MS'>;
  readonly log: Logger;
  readonly createRateLimitStore: CreateRateLimitStore;
}

/**
 * Limits the requests per client across all workers. Probes are exempt.
 *
 * If the store does not reply in time, requests pass uncounted, a warning is logged, and for a moment the store is not
 * asked at all: a limiter that fails must not become the outage that it should prevent.
 */
export function createRateLimit({ config, log, createRateLimitStore }: RateLimitOptions): RequestHandler {
  const { RATE_LIMIT_MAX: limit, RATE_LIMIT_WINDOW_MS: windowMs } = config;
  const policy = `"client"; q=${limit}; w=${Math.ceil(windowMs / 1000)}`;
  const store = createRateLimitStore('client');
  const limiter = rateLimit({
    limit,
    windowMs,
    // Set below: the package hashes the client's key for each response, for a parameter that is optional.
    standardHeaders: false,
    legacyHeaders: false,
    store,
    keyGenerator: clientKey,
    skip: (req) => isProbe(req.path) || store.unavailable === true,
    passOnStoreError: true,
    logger: adaptLogger(log),
    // X-Forwarded-For without TRUST_PROXY is ignored on purpose and needs no warning.
    validate: { xForwardedForHeader: false },
    handler: (req, _res, next) => next(tooManyRequests(countOf(req))),
  });
  function countAndSetHeaders(req: Request, res: Response, next: NextFunction): void {
    void limiter(req, res, (error?: unknown) => {
      const count = countOf(req);
      if (count !== undefined) {
        res.setHeader('RateLimit', `"client"; r=${count.remaining}; t=${secondsLeft(count)}`);
        res.setHeader('RateLimit-Policy', policy);
      }
      next(error);
    });
  }
  // Exposes getKey and resetKey like the package's middleware.
  return Object.assign(countAndSetHeaders, { resetKey: limiter.resetKey, getKey: limiter.getKey });
}

/** What the limiter stores on a request; undefined if it was skipped. */
function countOf(req: Request): RateLimitInfo | undefined {
  return (req as Request & { rateLimit?: RateLimitInfo }).rateLimit;
}

function secondsLeft({ resetTime }: RateLimitInfo): number {
  return resetTime === undefined ? 0 : Math.max(0, Math.ceil((resetTime.getTime() - Date.now()) / 1000));
}

function tooManyRequests(count: RateLimitInfo | undefined): Problem {
  const seconds = count === undefined ? 1 : Math.max(1, secondsLeft(count));
  return new Problem('rate-limited', {
    detail: 'Retry after the time given in Retry-After.',
    headers: { 'Retry-After': String(seconds) },
  });
}

function adaptLogger(log: Logger) {
  return {
    error: (err: unknown, msg?: string) => log.error({ err, event: 'rate-limit' }, msg),
    warn: (err: unknown, msg?: string) => log.warn({ err, event: 'rate-limit' }, msg),
  };
}
