import type { Counter } from '@prometheus-io/client';
import { Redis, type Result } from 'ioredis';
import type { Logger } from 'pino';
import packageJson from '../../package.json' with { type: 'json' };
import type { HitCount, Hits } from '../supervision/messages.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { RateLimitCounter, type HitCounter } from './counter.ts';

declare module 'ioredis' {
  interface RedisCommander<Context> {
    countHits(key: string, times: number, windowMs: number): Result<[total: number, leftMs: number], Context>;
  }
}

interface RedisCounterOptions {
  readonly url: string;
  /** Time a command may take, in milliseconds. */
  readonly timeoutMs: number;
  readonly log: Logger;
  readonly tracing: Tracing;
  /** Hits that Redis did not count. */
  readonly missed: Pick<Counter, 'inc'>;
}

/** A key without an expiry would never be reset, so both are one script. It counts several hits; `rate-limit-redis`, one. */
const COUNT_HITS = `
  local total = redis.call('INCRBY', KEYS[1], ARGV[1])
  local left = redis.call('PTTL', KEYS[1])
  if left < 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[2])
    left = tonumber(ARGV[2])
  end
  return { total, left }`;
const MAX_RECONNECT_MS = 500;
/** Between two tries to reach a Redis that is away. */
const PING_INTERVAL_MS = 500;

/**
 * Counts hits in Redis, which several machines share, and in this process as well: when Redis is away, the limit is that
 * of this machine. Only the hits that meet the failure wait for the timeout. Later ones do not ask Redis until it
 * responds again.
 */
export class RedisCounter implements HitCounter {
  readonly #options: RedisCounterOptions;
  readonly #redis: Redis;
  readonly #local = new RateLimitCounter();
  /** The window lengths that were used (ms). */
  readonly #windows = new Set<number>();
  #ping: NodeJS.Timeout | undefined;

  /** Connects. A Redis that is away does not keep the service from starting. */
  static async connect(options: RedisCounterOptions): Promise<RedisCounter> {
    const counter = new RedisCounter(options);
    await counter.#redis.connect().catch((error: unknown) => counter.#leave(error));
    return counter;
  }

  private constructor(options: RedisCounterOptions) {
    this.#options = options;
    this.#redis = new Redis(options.url, {
      lazyConnect: true,
      connectTimeout: options.timeoutMs * 5,
      commandTimeout: options.timeoutMs,
      enableOfflineQueue: false, // with it, commands wait for as long as Redis is away
      maxRetriesPerRequest: 0,
      retryStrategy: (tries) => Math.min(50 * tries, MAX_RECONNECT_MS),
    });
    this.#redis.defineCommand('countHits', { numberOfKeys: 1, lua: COUNT_HITS });
    // Without a listener ioredis prints each failed try to connect.
    this.#redis.on('error', (error: Error) => this.#leave(error));
  }

  async count(hits: Hits): Promise<HitCount[]> {
    const local = this.#local.count(hits);
    if (this.#ping === undefined) {
      try {
        const attributes = { 'db.system.name': 'redis', 'db.operation.name': 'EVALSHA' };
        return await this.#options.tracing.span('EVALSHA count-hits', { kind: 'client', attributes }, () =>
          this.#countInRedis(hits),
        );
      } catch (error) {
        this.#leave(error);
      }
    }
    this.#options.missed.inc(hits.hits.reduce((sum, [, times]) => sum + times, 0));
    return local;
  }

  resetKey(limiter: string, key: string): void {
    this.#local.resetKey(limiter, key);
    for (const windowMs of this.#windows) {
      this.#redis.unlink(keyOf(limiter, windowMs, key)).catch(() => undefined); // it expires by itself
    }
  }

  close(): void {
    clearInterval(this.#ping);
    this.#redis.disconnect();
  }

  async #countInRedis({ limiter, windowMs, hits }: Hits): Promise<HitCount[]> {
    this.#windows.add(windowMs);
    const pipeline = this.#redis.pipeline();
    for (const [key, times] of hits) pipeline.countHits(keyOf(limiter, windowMs, key), times, windowMs);
    const results = (await pipeline.exec()) ?? [];
    const now = Date.now();
    return results.map(([error, result]) => {
      if (error !== null) throw error;
      const [total, leftMs] = result as [number, number];
      return [total, now + leftMs];
    });
  }

  #leave(error: unknown): void {
    if (this.#ping !== undefined) return;
    const { log } = this.#options;
    const reason = error instanceof Error ? error.message : String(error);
    log.warn(
      { event: 'rate-limit-local', reason },
      `Redis is away, each machine counts for itself: ${reason}`,
    );
    this.#ping = setInterval(() => {
      this.#redis.ping().then(
        () => this.#return(),
        () => undefined,
      );
    }, PING_INTERVAL_MS).unref();
  }

  #return(): void {
    if (this.#ping === undefined) return; // two pings were on their way
    clearInterval(this.#ping);
    this.#ping = undefined;
    this.#options.log.info({ event: 'rate-limit-shared' }, 'Redis is back and counts for all machines again');
  }
}

function keyOf(limiter: string, windowMs: number, key: string): string {
  return `${packageJson.name}:hits:${limiter}:${windowMs}:${key}`;
}
