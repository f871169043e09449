/** The contract of a resource: what several features share, such as a database. */
import type { Logger } from 'pino';
import type { RequestFields } from '../http/request-id.ts';
import type { Config } from '../config/core-variables.ts';
import type { Variables } from '../config/declare.ts';
import type { ReadinessCheck } from '../process/readiness.ts';
import type { StartLocalService } from '../supervision/local-services.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';

/**
 * The resources of the service by name. Each adds itself by declaration merging.
 *
 * @example
 * declare module '../routes/resource.ts' {
 *   interface Resources {
 *     readonly database: Database;
 *   }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- resources add to it
export interface Resources {}

export type ResourceName = keyof Resources;

/** What a resource gets from its worker. */
export interface ResourceDependencies {
  /** The whole configuration, including the resource's own variables. */
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** The resources that were opened before this one. */
  readonly resources: Resources;
  /**
   * Whether this worker replaces one that failed. Such a worker must start even if what it depends on is away: it is not
   * ready until that is back. Otherwise a resource that cannot be opened makes the start, or the reload, fail.
   */
  readonly replacesFailed: boolean;
  /** Returns the fields of the request that is being served, for what outlives it; empty outside a request. */
  readonly requestFields: () => Partial<RequestFields>;
  /** Aborted when this worker begins to drain. */
  readonly draining: AbortSignal;
}

export interface OpenResource<T> {
  /** What features get. */
  readonly value: T;
  /** The worker's `/readyz` fails while one of them fails. */
  readonly checks?: Readonly<Record<string, ReadinessCheck>>;
  /** Whether this process works for the resource alone: of the app it serves only the probes and the lists. */
  readonly servesNoFeature?: boolean;
  /** Called when the worker drains and no request is in flight any more. */
  close(): Promise<void> | void;
}

export interface ResourceModule<T> {
  /** @throws {StartError} with a sentence for people, if it cannot be used as it is configured */
  open(dependencies: ResourceDependencies): Promise<OpenResource<T>> | OpenResource<T>;
}

/** An entry of `resources.ts`. */
export interface ResourceSet<Name extends ResourceName = ResourceName> {
  readonly name: Name;
  /** Environment variables of its own. */
  readonly variables?: Variables;
  /** Runs in the primary or the only process, before the workers. */
  readonly startLocal?: StartLocalService;
  /** Loads the resource. Only workers do. */
  load(): Promise<ResourceModule<Resources[Name]>>;
}
