import type { Express } from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { createApp } from '../../src/app.ts';
import { readConfig } from '../../src/config/config.ts';
import { featureSets, featureVariables } from '../../src/features.ts';
import { InFlight } from '../../src/http/in-flight.ts';
import { InFlightBoard } from '../../src/http/in-flight-board.ts';
import { RequestContext } from '../../src/layers/request-context.ts';
import { Lifecycle } from '../../src/process/lifecycle.ts';
import { Readiness } from '../../src/process/readiness.ts';
import { RateLimitCounter } from '../../src/rate-limit/counter.ts';
import { LocalStore } from '../../src/rate-limit/local-store.ts';
import { resourceSets, resourceVariables } from '../../src/resources.ts';
import type { CreatedFeatures, Feature, FeatureSet } from '../../src/routes/feature.ts';
import type { Resources } from '../../src/routes/resource.ts';
import { addRequestFields } from '../../src/telemetry/logger.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import type { Vitals } from '../../src/telemetry/vitals.ts';
import { noTracing } from '../../src/telemetry/tracing.ts';
import { VitalsMonitor } from '../../src/telemetry/vitals-monitor.ts';
import { createFeatures, stopFeatures } from '../../src/worker/feature-sets.ts';
import { closeResources, openResources } from '../../src/worker/resource-sets.ts';
import { testEnvironment } from './environment.ts';
import { createOwnResources } from './resources.ts';

export interface TestApp extends AsyncDisposable {
  readonly app: Express;
  readonly features: readonly Feature[];
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  /** Every log line so far, parsed. */
  readonly logged: readonly Record<string, unknown>[];
  /** Sends requests to the app on a port of its own. */
  readonly client: ReturnType<typeof request>;
  /** Those of the service, unless the features were replaced by plain ones. */
  readonly resources: Resources;
}

interface TestAppOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Replaces the features of the service; they get no resources. */
  readonly features?: readonly Feature[];
  /** Replaces the feature sets of the service; they get the resources, each of their own. */
  readonly sets?: readonly FeatureSet[];
  /** Added to those features: checks, files, a page. */
  readonly extras?: Omit<CreatedFeatures, 'features'>;
  readonly vitals?: Partial<Vitals>;
  readonly inFlight?: InFlight;
}

/** Creates the app with all its layers but without a process. Load shedding is off: some tests block the event loop. Jobs do not run unless `env` says so. */
export async function createTestApp({
  env = {},
  features,
  sets = featureSets,
  extras = {},
  vitals,
  inFlight = new InFlight(),
}: TestAppOptions = {}): Promise<TestApp> {
  const own = features === undefined ? await createOwnResources() : undefined;
  const config = readConfig(
    {
      WORKERS: '0',
      OVERLOAD_MAX_DELAY_MS: '0',
      JOBS: 'off',
      ...testEnvironment,
      ...own?.environment,
      ...env,
    },
    { ...resourceVariables, ...featureVariables },
  );
  const logged: Record<string, unknown>[] = [];
  const board = new InFlightBoard();
  const context = new RequestContext({ board, inFlight });
  const log = pino(
    {
      level: 'debug',
      ...addRequestFields(context.fields),
      formatters: { level: (label) => ({ level: label }) },
    },
    { write: (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const metrics = createMetrics();
  const counter = new RateLimitCounter();
  const monitor = new VitalsMonitor();
  monitor.start();
  const lifecycle = new Lifecycle({ log, timeoutMs: 1_000, exit: () => undefined });
  lifecycle.ready();
  const dependencies = {
    config,
    log,
    context,
    metrics,
    tracing: noTracing,
    vitals: vitals === undefined ? monitor : ({ latest: { ...monitor.latest, ...vitals } } as VitalsMonitor),
    lifecycle,
    draining: lifecycle.draining,
    clustered: false,
    createRateLimitStore: (limiter: string) => new LocalStore(limiter, counter),
    board,
    inFlight,
    requestFields: context.fields,
  };
  const opened = await openResources(features === undefined ? resourceSets : [], {
    ...dependencies,
    replacesFailed: false,
  });
  const { resources } = opened;
  const created: CreatedFeatures[] =
    features === undefined
      ? await createFeatures(sets, { ...dependencies, resources })
      : [{ features, ...extras }];
  const readiness = new Readiness([...opened.all, ...created]);
  const served = opened.all.some(({ servesNoFeature }) => servesNoFeature) ? [] : created;
  const app = createApp({ ...dependencies, readiness, created: served });
  return {
    app,
    features: created.flatMap((set) => set.features),
    lifecycle,
    metrics,
    logged,
    client: request(app),
    resources,
    async [Symbol.asyncDispose]() {
      monitor.stop();
      await stopFeatures(created);
      await closeResources(opened.all, log);
      await own?.[Symbol.asyncDispose]();
    },
  };
}
