import { ClusterMemoryStoreWorker } from '@express-rate-limit/cluster-memory-store';
import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, MemoryStore, rateLimit } from 'express-rate-limit';
import type { Config } from '../config.ts';
import type { Logger } from '../process/logger.ts';
import { isProbe } from './health.ts';
import { Problem } from './problem.ts';

interface RateLimitOptions {
  readonly config: Pick<Config, 'RATE_LIMIT_MAX' | 'RATE_LIMIT_WINDOW_MS'>;
  readonly log: Logger;
  /** Whether this process is one of several that must count together. */
  readonly clustered: boolean;
}

/**
 * Limits the requests of one client over all workers: the primary counts.
 *
 * A primary that does not answer within a second lets requests pass uncounted and says so in the log, and for a
 * moment it is not asked at all: a limiter that fails must not become the outage it is there to prevent. Probes are
 * exempt.
 */
export function createRateLimit({ config, log, clustered }: RateLimitOptions): RequestHandler {
  const store = createStore('client', clustered);
  return rateLimit({
    limit: config.RATE_LIMIT_MAX,
    windowMs: config.RATE_LIMIT_WINDOW_MS,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    identifier: 'client',
    store,
    keyGenerator: clientKey,
    skip: (req) => isProbe(req.path) || (store instanceof PrimaryStore && store.silent),
    passOnStoreError: true,
    logger: adaptLogger(log),
    // X-Forwarded-For without TRUST_PROXY is ignored on purpose, so nobody needs to be told of it.
    validate: { xForwardedForHeader: false },
    handler: (_req, _res, next) =>
      next(new Problem('rate-limited', { detail: 'Wait as long as Retry-After says.' })),
  });
}

/** For how long a primary that was silent is not asked: each request would wait for it in vain. */
const NOT_ASKED_MS = 2_000;

/** The counts that the primary keeps, as long as it answers. */
class PrimaryStore extends ClusterMemoryStoreWorker {
  #notAskedUntil = 0;

  /** Whether the primary was silent a moment ago. */
  get silent(): boolean {
    return this.#notAskedUntil > 0 && performance.now() < this.#notAskedUntil;
  }

  override increment(key: string): ReturnType<ClusterMemoryStoreWorker['increment']> {
    const counted = super.increment(key);
    counted.catch(() => {
      this.#notAskedUntil = performance.now() + NOT_ASKED_MS;
    });
    return counted;
  }
}

/** @param prefix one for each limiter; limiters of the same prefix share their counts */
export function createStore(prefix: string, clustered: boolean): ClusterMemoryStoreWorker | MemoryStore {
  return clustered ? new PrimaryStore({ prefix }) : new MemoryStore();
}

/** IPv4 by address; IPv6 by its /56, for one customer has at least that many addresses. */
export function clientKey(req: Request): string {
  const ip = req.ip ?? 'unknown';
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
