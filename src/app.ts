import express, { type Express, type RequestHandler } from 'express';
import type { Config } from './config/variables.ts';
import { createAccessLog } from './http/access-log.ts';
import { createCompression } from './http/compression.ts';
import { createErrorHandler } from './http/error-handler.ts';
import type { CreatedFeatures } from './http/feature.ts';
import { createFeatureRouter } from './http/feature-router.ts';
import { createHealth } from './http/health.ts';
import type { InFlight } from './http/in-flight.ts';
import { createIndexPage } from './http/index-page.ts';
import { refuseMethod } from './http/method-not-allowed.ts';
import { createRequestMetrics } from './http/metrics.ts';
import { createNotFound } from './http/not-found.ts';
import { createOpenApi } from './http/openapi.ts';
import { createOverload } from './http/overload.ts';
import { createProblemList } from './http/problem-list.ts';
import { createRateLimit, type Counts } from './http/rate-limit.ts';
import type { RequestContext } from './http/request-context.ts';
import { createRequestTarget } from './http/request-target.ts';
import { createSecurity } from './http/security.ts';
import type { Lifecycle } from './process/lifecycle.ts';
import type { Logger } from './process/logger.ts';
import type { Metrics } from './process/metrics.ts';
import type { RequestBoard } from './process/request-board.ts';
import type { VitalsMonitor } from './process/vitals.ts';

export interface AppDependencies {
  readonly config: Config;
  readonly log: Logger;
  readonly context: RequestContext;
  readonly board: RequestBoard;
  readonly metrics: Metrics;
  readonly vitals: VitalsMonitor;
  readonly lifecycle: Lifecycle;
  readonly inFlight: InFlight;
  readonly created: readonly CreatedFeatures[];
  /** Makes the counts of a rate limit: those of the primary, where several workers count together. */
  readonly createCounts: (limiter: string) => Counts;
}

/** Every layer a request meets, in order, top to bottom. */
export function createApp(dependencies: AppDependencies): Express {
  const { config, context, created, inFlight } = dependencies;
  const features = created.flatMap((set) => set.features);
  const around = created.map((set) => set.around?.(features));
  const extras = [...created, ...around].flatMap((part) => part?.extras ?? []);

  const app = express();
  app.set('env', config.NODE_ENV);
  app.set('trust proxy', config.TRUST_PROXY);
  app.set('query parser', 'simple');
  app.disable('x-powered-by');
  // An ETag costs a hash of every answer, which is made all the same; a route that knows a version sends its own.
  app.disable('etag');

  app.use(context.layer);
  inFlight.onEnd(createAccessLog(dependencies)); // when the answer is over: a line in the log,
  inFlight.onEnd(createRequestMetrics(dependencies)); // and a count in the histogram
  app.use(createSecurity());
  app.use(createRequestTarget(dependencies));
  app.use(createCompression());
  app.use(createRateLimit(dependencies));
  app.use(createOverload(dependencies));

  const get = (path: string, handler: RequestHandler) =>
    app
      .route(path)
      .all(function nameRoute(_req, res, next) {
        res.locals.route = path;
        next();
      })
      .get(handler)
      .all(refuseMethod(['get']));
  for (const { path, handler } of createHealth(dependencies)) get(path, handler);
  get('/', createIndexPage(features, around.find((part) => part?.page !== undefined)?.page));
  get('/openapi.json', createOpenApi(features));
  get('/problems', createProblemList());
  for (const { path, handler } of extras) get(path, handler);
  for (const feature of features) app.use(feature.base, createFeatureRouter(feature, dependencies));

  app.use(createNotFound());
  app.use(createErrorHandler(dependencies));
  return app;
}
