import type { LookupFunction } from 'node:net';
import { Counter, Histogram } from '@prometheus-io/client';
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import { Agent } from 'undici';
import { configOf } from '../config/declare.ts';
import type { OpenResource } from '../routes/resource.ts';
import { addGauge, type Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { createConnector, isPublic, toBlockLists } from './addresses.ts';
import { OutboundClient, type OutboundClientOptions, type UrlSource } from './client.ts';
import { Origin, type OriginLimits } from './origin.ts';
import { variables } from './variables.ts';

/** How this service calls others. */
export interface Outbound {
  /**
   * @example
   * const rates = outbound.client({ name: 'rates', urls: 'configured', timeoutMs: 2_000 });
   */
  client(options: OutboundClientOptions): OutboundClient;
}

declare module '../routes/resource.ts' {
  interface Resources {
    readonly outbound: Outbound;
  }
}

export interface OutboundSettings {
  readonly limits?: Partial<OriginLimits>;
  readonly lookup?: LookupFunction;
}

const defaults: OriginLimits = {
  maxInFlight: 128,
  retryShare: 0.1,
  retryReserve: 10,
  breakerCalls: 20,
  openMs: 5_000,
};
/** Per origin. */
const CONNECTIONS = 32;
/** The origins that are remembered; the one that was not called for longest is forgotten. */
const MAX_ORIGINS = 1_000;

interface OutboundDependencies {
  readonly config: object;
  readonly log: Pick<Logger, 'info' | 'warn'>;
  readonly tracing: Tracing;
  readonly metrics: Pick<Metrics, 'registry'>;
}

/** @param settings other than the usual ones */
export function open(
  { config, log, tracing, metrics: { registry } }: OutboundDependencies,
  { limits, lookup }: OutboundSettings = {},
): OpenResource<Outbound> {
  const { OUTBOUND_ALLOWED_NETWORKS, OUTBOUND_ALLOWED_PORTS } = configOf(variables, config);
  const isAllowed = toBlockLists(OUTBOUND_ALLOWED_NETWORKS);
  const createAgent = (allows: (address: string) => boolean) =>
    new Agent({ connect: createConnector({ allows, lookup }), connections: CONNECTIONS, allowH2: false });
  // Two pools: a connection that was made for the operator's URL must not serve a client's.
  const dispatchers = {
    configured: createAgent(() => true),
    public: createAgent((address) => isPublic(address) || isAllowed(address)),
  };
  const origins = new LRUCache<string, Origin>({ max: MAX_ORIGINS });
  const duration = new Histogram({
    name: 'outbound_request_duration_seconds',
    help: 'Duration of requests to other services, by client and by status or failure.',
    labelNames: ['client', 'outcome'],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  });
  const retries = new Counter({
    name: 'outbound_retries_total',
    help: 'Requests to other services that were repeated, by client.',
    labelNames: ['client'],
    registers: [registry],
  });
  addGauge(registry, 'outbound_circuits_open', 'Origins that failed too often to be called.', () => {
    return [...origins.values()].filter(({ isOpen }) => isOpen).length;
  });

  function originOf(urls: UrlSource, origin: string): Origin {
    const key = `${urls} ${origin}`;
    const known = origins.get(key);
    if (known !== undefined) return known;
    const { host } = new URL(origin);
    const created = new Origin({ ...defaults, ...limits }, (state) => {
      if (state === 'open') log.warn({ event: 'outbound-circuit-opened', host }, 'circuit opened');
      else log.info({ event: 'outbound-circuit-closed', host }, 'circuit closed');
    });
    origins.set(key, created);
    return created;
  }

  const shared = {
    log,
    tracing,
    dispatchers,
    allowedPorts: OUTBOUND_ALLOWED_PORTS,
    originOf,
    observe: (client: string, outcome: string, seconds: number) =>
      duration.observe({ client, outcome }, seconds),
    countRetry: (client: string) => retries.inc({ client }),
  };
  return {
    value: { client: (options) => new OutboundClient(options, shared) },
    async close() {
      await Promise.all([dispatchers.configured.destroy(), dispatchers.public.destroy()]);
    },
  };
}
