/** The contract of a feature: routes that belong together, and what they get from the worker. */
import type { Logger } from 'pino';
import type { Config } from '../config/core-variables.ts';
import type { Variables } from '../config/declare.ts';
import type { ProblemType } from '../http/problem.ts';
import type { ReadinessCheck } from '../process/readiness.ts';
import type { CreateRateLimitStore } from '../rate-limit/store.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import type { VitalsMonitor } from '../telemetry/vitals-monitor.ts';
import type { Resources } from './resource.ts';
import type { Access, PlainRoute, Route } from './route.ts';

/** What a feature adds to its description, by declaration merging; shown as `RouteMeta` is. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- features add to it
export interface FeatureMeta {}

export interface Feature {
  readonly id: string;
  /** The path that its routes are below: `/tasks`. */
  readonly base: string;
  readonly title: string;
  readonly summary: string;
  /** A paragraph, if the summary is not enough. */
  readonly description?: string;
  readonly meta?: FeatureMeta;
  /** Who may call those routes that do not say so themselves. */
  readonly guard: Access;
  /** Error responses that all its routes may give. */
  readonly problems?: readonly ProblemType[];
  readonly routes: readonly Route[];
}

/** What features get from their worker. */
export interface FeatureDependencies {
  /** The whole configuration, including the feature's own variables. */
  readonly config: Config;
  readonly log: Logger;
  /** What features share: the database, for example. */
  readonly resources: Resources;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly vitals: VitalsMonitor;
  /** Whether this process is one of several workers. */
  readonly clustered: boolean;
  /** Creates the store for a rate limiter of the feature; all workers share its counts. */
  readonly createRateLimitStore: CreateRateLimitStore;
  /** The URL of the management port; undefined without one, for example if a test runs the app in its own process. */
  readonly managementAddress?: () => Promise<string>;
  /** Aborted when this worker begins to drain. */
  readonly draining: AbortSignal;
}

/** An entry of `features.ts`. */
export interface FeatureSet {
  /** Environment variables of its own. */
  readonly variables?: Variables;
  /** Loads the features. Only workers do; the primary reads the variables and nothing else. */
  load(): Promise<FeatureModule>;
}

export interface FeatureModule {
  /** Creates the features. The worker becomes ready when all sets have been created; a failure aborts startup. */
  create(dependencies: FeatureDependencies): CreatedFeatures | Promise<CreatedFeatures>;
}

export interface CreatedFeatures {
  readonly features: readonly Feature[];
  readonly plainRoutes?: readonly PlainRoute[];
  /** What they depend on, by name. The worker's `/readyz` fails while a check fails. */
  readonly checks?: Readonly<Record<string, ReadinessCheck>>;
  /** Renders pages about the features of all sets; called once all of them have been created. */
  renderPages?(features: readonly Feature[]): Pages;
  /** Ends what they hold: threads, children, timers. */
  stop?(): Promise<void> | void;
}

export interface Pages {
  readonly plainRoutes?: readonly PlainRoute[];
  /** The response of `/` for a browser. */
  readonly page?: PlainRoute['handler'];
  /** The response of `/problems` for a browser. */
  readonly problemsPage?: PlainRoute['handler'];
}
