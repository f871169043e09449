import type { Express } from 'express';
import { pino } from 'pino';
import request from 'supertest';
import { createApp } from '../../src/app.ts';
import { LocalCounts } from '../../src/cluster/local-counts.ts';
import { RateLimitCounts } from '../../src/cluster/rate-limit-counts.ts';
import { readConfig } from '../../src/config/read.ts';
import type { CreatedFeatures, Feature } from '../../src/http/feature.ts';
import { featureSets, featureVariables } from '../../src/features.ts';
import { InFlight } from '../../src/http/in-flight.ts';
import { RequestContext } from '../../src/http/request-context.ts';
import { Lifecycle } from '../../src/process/lifecycle.ts';
import { nameRequests } from '../../src/process/logger.ts';
import { RequestBoard } from '../../src/process/request-board.ts';
import { createMetrics, type Metrics } from '../../src/process/metrics.ts';
import { VitalsMonitor, type Vitals } from '../../src/process/vitals.ts';
import { testEnvironment } from './environment.ts';

export interface TestApp extends AsyncDisposable {
  readonly app: Express;
  readonly features: readonly Feature[];
  readonly lifecycle: Lifecycle;
  readonly metrics: Metrics;
  /** Every log line so far, parsed. */
  readonly logged: readonly Record<string, unknown>[];
  /** Makes requests of the app, on a port of its own. */
  readonly client: ReturnType<typeof request>;
}

interface TestAppOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Features instead of those of the service. */
  readonly features?: readonly Feature[];
  /** What comes with those: checks, files, a page. */
  readonly beside?: Omit<CreatedFeatures, 'features'>;
  readonly vitals?: Partial<Vitals>;
  readonly inFlight?: InFlight;
}

/** The app with all its layers, without a process around it. It sheds nothing unless asked: some tests block the event loop. */
export async function createTestApp({
  env = {},
  features,
  beside = {},
  vitals,
  inFlight = new InFlight(),
}: TestAppOptions = {}): Promise<TestApp> {
  const config = readConfig(
    { WORKERS: '0', OVERLOAD_MAX_DELAY_MS: '0', ...testEnvironment, ...env },
    featureVariables,
  );
  const logged: Record<string, unknown>[] = [];
  const board = new RequestBoard();
  const context = new RequestContext({ board, inFlight });
  const log = pino(
    { level: 'debug', ...nameRequests(context.fields), formatters: { level: (label) => ({ level: label }) } },
    { write: (line: string) => logged.push(JSON.parse(line) as Record<string, unknown>) },
  );
  const metrics = createMetrics();
  const counts = new RateLimitCounts();
  const monitor = new VitalsMonitor();
  const feel =
    vitals === undefined ? monitor : ({ latest: { ...monitor.latest, ...vitals } } as VitalsMonitor);
  const lifecycle = new Lifecycle({ log, timeoutMs: 1_000, exit: () => undefined });
  lifecycle.ready();
  const dependencies = {
    config,
    log,
    context,
    metrics,
    vitals: feel,
    lifecycle,
    draining: lifecycle.draining,
    clustered: false,
    createCounts: (limiter: string) => new LocalCounts(limiter, counts),
    board,
    inFlight,
  };
  const created: CreatedFeatures[] =
    features === undefined
      ? await Promise.all(featureSets.map(async (set) => (await set.load()).create(dependencies)))
      : [{ features, ...beside }];
  const app = createApp({ ...dependencies, created });
  return {
    app,
    features: created.flatMap((set) => set.features),
    lifecycle,
    metrics,
    logged,
    client: request(app),
    async [Symbol.asyncDispose]() {
      monitor.stop();
      for (const set of created) await set.stop?.();
    },
  };
}
