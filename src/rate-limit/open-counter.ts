import { Counter, type Registry } from '@prometheus-io/client';
import type { Logger } from 'pino';
import type { Config } from '../config/core-variables.ts';
import { noTracing, type Tracing } from '../telemetry/tracing.ts';
import { RateLimitCounter, type HitCounter } from './counter.ts';

interface CounterOptions {
  readonly config: Pick<Config, 'REDIS_URL' | 'REDIS_TIMEOUT_MS'>;
  readonly log: Logger;
  readonly registry: Registry;
  readonly tracing?: Tracing;
}

/** @returns the counter for all limiters of this machine, which shares its counts with others if there is a Redis */
export async function openCounter({
  config,
  log,
  registry,
  tracing = noTracing,
}: CounterOptions): Promise<HitCounter> {
  const { REDIS_URL: url, REDIS_TIMEOUT_MS: timeoutMs } = config;
  const missed = new Counter({
    name: 'rate_limit_hits_local_total',
    help: 'Rate-limit hits that only this machine counted, because Redis was away.',
    registers: [registry],
  });
  if (url === '') return new RateLimitCounter();
  const { RedisCounter } = await import('./redis-counter.ts');
  return RedisCounter.connect({ url, timeoutMs, log, missed, tracing });
}
