import { parse } from 'node:querystring';
import express, { type Express, type RequestHandler } from 'express';
import type { Logger } from 'pino';
import type { Config } from './config/core-variables.ts';
import type { InFlight } from './http/in-flight.ts';
import type { InFlightBoard } from './http/in-flight-board.ts';
import { createAccessLog } from './layers/access-log.ts';
import { createCompression } from './layers/compression.ts';
import { createCors } from './layers/cors.ts';
import { createCrossSite } from './layers/cross-site.ts';
import { createErrorHandler, handleStreamErrors } from './layers/error-handler.ts';
import { createNotFound } from './layers/not-found.ts';
import { createOverload } from './layers/overload/overload.ts';
import { createRateLimit } from './layers/rate-limit.ts';
import type { RequestContext } from './layers/request-context.ts';
import { createRequestMetrics } from './layers/request-metrics.ts';
import { createRequestTracing } from './layers/request-tracing.ts';
import { createRequestTarget } from './layers/request-target.ts';
import { createSecureHeaders } from './layers/secure-headers.ts';
import { traceWait } from './layers/trace-wait.ts';
import { createUntrustedProxy } from './layers/untrusted-proxy.ts';
import { createIndexPage } from './manifest/index-page.ts';
import { createOpenApi } from './manifest/openapi.ts';
import { createProblemList } from './manifest/problem-list.ts';
import type { Lifecycle } from './process/lifecycle.ts';
import type { Readiness } from './process/readiness.ts';
import type { CreateRateLimitStore } from './rate-limit/store.ts';
import type { CreatedFeatures } from './routes/feature.ts';
import { createFeatureRouter } from './routes/feature-router.ts';
import { createHealth } from './routes/health.ts';
import { rejectQuery } from './routes/input.ts';
import { rejectMethod } from './routes/method-not-allowed.ts';
import type { PlainRoute } from './routes/route.ts';
import type { Metrics } from './telemetry/metrics.ts';
import type { Tracing } from './telemetry/tracing.ts';
import type { VitalsMonitor } from './telemetry/vitals-monitor.ts';

export interface AppDependencies {
  readonly config: Config;
  readonly log: Logger;
  readonly context: RequestContext;
  readonly board: InFlightBoard;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  readonly vitals: VitalsMonitor;
  readonly lifecycle: Lifecycle;
  readonly inFlight: InFlight;
  readonly readiness: Readiness;
  readonly created: readonly CreatedFeatures[];
  readonly createRateLimitStore: CreateRateLimitStore;
}

/** Every layer of a request, in order, top to bottom. */
export function createApp(dependencies: AppDependencies): Express {
  const { config, context, created, inFlight, tracing } = dependencies;
  const features = created.flatMap((set) => set.features);
  const pages = created.map((set) => set.renderPages?.(features));
  const plainRoutes = [...created, ...pages].flatMap((part) => part?.plainRoutes ?? []);

  const app = express();
  app.set('env', config.NODE_ENV);
  app.set('trust proxy', config.TRUST_PROXY);
  // Without the parser's limit of 1000 parameters, which ignores the others silently: the URL is limited.
  app.set('query parser', (query: string) => parse(query, undefined, undefined, { maxKeys: 0 }));
  app.disable('x-powered-by');
  // An ETag would cost a hash of every response, and the response is computed anyway. Routes with a version set their own.
  app.disable('etag');

  app.use(context.layer);
  if (tracing.on) app.use(createRequestTracing(dependencies));
  inFlight.onEnd(createAccessLog(dependencies)); // when the response has ended: a log line,
  inFlight.onEnd(createRequestMetrics(dependencies)); // and an entry in the histogram
  if (config.NODE_ENV === 'production') app.use(createUntrustedProxy(dependencies));
  app.use(createSecureHeaders());
  if (config.CORS_ORIGINS.length > 0) app.use(createCors({ config, features }));
  app.use(createRequestTarget(dependencies));
  app.use(createCrossSite(dependencies));
  app.use(createCompression());
  app.use(traceWait(tracing, 'rate limit', createRateLimit(dependencies)));
  app.use(traceWait(tracing, 'overload queue', createOverload(dependencies)));

  const get = (path: string, ...handlers: RequestHandler[]) =>
    app
      .route(path)
      .all(function setRoute(_req, res, next) {
        res.locals.route = path;
        next();
      })
      .get(...handlers)
      .all(rejectMethod(['get']));
  /** Rejects parameters that are not in the schema. */
  const takes = (query?: PlainRoute['query']): RequestHandler =>
    function checkQuery(req, _res, next) {
      rejectQuery(query, req);
      next();
    };
  // With any parameters: a load balancer may add some.
  for (const { path, handler } of createHealth(dependencies)) get(path, handler);
  const pageOf = (name: 'page' | 'problemsPage') => pages.find((part) => part?.[name] !== undefined)?.[name];
  get('/', takes(), createIndexPage(features, pageOf('page')));
  get('/openapi.json', takes(), createOpenApi(features));
  get('/problems', takes(), createProblemList(features, pageOf('problemsPage')));
  for (const { path, handler, query } of plainRoutes) get(path, takes(query), handler);
  for (const feature of features) app.use(feature.base, createFeatureRouter(feature, dependencies));

  app.use(createNotFound());
  const handleError = createErrorHandler(dependencies);
  app.use(handleError);
  handleStreamErrors(app, handleError);
  return app;
}
