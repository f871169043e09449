import type { RequestHandler, Response } from 'express';
import type { InFlight } from '../http/in-flight.ts';
import { seenStatus } from '../http/seen-status.ts';
import type { SpanAttributes, SpanEnd, Tracing } from '../telemetry/tracing.ts';
import { knownMethods } from './request-metrics.ts';

interface RequestTracingOptions {
  readonly tracing: Pick<Tracing, 'root'>;
  readonly inFlight: InFlight;
}

/** The span of each request, with the trace id that the log has: https://opentelemetry.io/docs/specs/semconv/http/http-spans/ */
export function createRequestTracing({ tracing, inFlight }: RequestTracingOptions): RequestHandler {
  inFlight.onEnd((res) => res.locals.span?.end(endOf(res)));
  return function requestTracing(req, res, next) {
    const { fields, startedAt } = res.locals;
    const span = tracing.root(methodOf(req.method), fields, { kind: 'server', startedAt });
    res.locals.span = span;
    // All lines of this request have the span.
    if (span.id !== undefined) Object.assign(fields, { spanId: span.id });
    span.run(next);
  };
}

function endOf(res: Response): SpanEnd {
  const { closedBy } = res.locals;
  const status = seenStatus(res);
  const failed = status >= 500 || (closedBy !== undefined && closedBy !== 'client');
  return {
    describe: () => describe(res, status),
    ...(failed ? { errorType: closedBy ?? String(status) } : {}),
  };
}

/** Like the log, without the query, headers and the body, which could hold a secret. */
function describe(res: Response, status: number) {
  const { route, closedBy, ip, requestId } = res.locals;
  const { req } = res;
  const method = methodOf(req.method);
  const attributes: SpanAttributes = {
    'http.request.method': method === 'HTTP' ? '_OTHER' : method,
    'http.response.status_code': status,
    'http.route': route,
    'url.scheme': req.protocol,
    'url.path': req.originalUrl.split('?', 1)[0]?.slice(0, 512),
    'network.protocol.version': req.httpVersion,
    'client.address': ip,
    'user_agent.original': req.headers['user-agent']?.slice(0, 256),
    'request.id': requestId,
    'response.closed_by': closedBy,
  };
  return { name: route === undefined ? method : `${method} ${route}`, attributes };
}

/** Callers can invent methods, and names of spans must stay few. */
function methodOf(method: string): string {
  return knownMethods.has(method) ? method : 'HTTP';
}
