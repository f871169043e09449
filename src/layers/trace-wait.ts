import type { RequestHandler } from 'express';
import { errorTypeOf, type Tracing } from '../telemetry/tracing.ts';

/** Records a span for a layer if a request waits in it, or fails. Without tracing it is the layer itself. */
export function traceWait(tracing: Tracing, name: string, layer: RequestHandler): RequestHandler {
  if (!tracing.on) return layer;
  const traced: RequestHandler = (req, res, next) => {
    const startedAt = performance.now();
    let returned = false;
    layer(req, res, (error?: unknown) => {
      if (error !== undefined) tracing.waited(name, startedAt, { errorType: errorTypeOf(error) });
      else if (returned) tracing.waited(name, startedAt);
      next(error);
    });
    returned = true;
  };
  return Object.assign(traced, layer); // the limiter has functions of its own
}
