import type { Application } from 'express';
import type { PassedLayer } from '../evidence/layer-trace.ts';

export const kinds = ['application', 'router', 'error', 'built-in', 'third-party'] as const;
export type Kind = (typeof kinds)[number];

/** Functions that packages hand out, by their names; a test holds them to what the packages really make. */
const thirdParty: Readonly<Record<string, string>> = { logger: 'morgan', compression: 'compression' };
const builtIn: Readonly<Record<string, string>> = {
  jsonParser: 'express.json',
  urlencodedParser: 'express.urlencoded',
  textParser: 'express.text',
  rawParser: 'express.raw',
  serveStatic: 'express.static',
};

export interface NamedLayer {
  readonly name: string;
  readonly kind: Kind;
  /** Where it stands: on the app, or within so many routers. */
  readonly from: string;
}

interface Stack {
  readonly stack?: readonly { readonly handle?: unknown; readonly route?: Stack }[];
}

/** Names a layer and its kind, by Express's own terms: https://expressjs.com/en/guide/using-middleware.html */
export function nameLayer(
  { layer, handler, errorHandler }: Omit<PassedLayer, 'startedAt'>,
  app: Application,
): NamedLayer {
  const onApp = belongsTo(layer, app.router);
  const name = handler.name === '' ? '(no name)' : handler.name;
  if (errorHandler) return { name, kind: 'error', from: 'a layer with four parameters' };
  // The limiter's function has no name, but lets its counts be asked for and reset.
  if ('resetKey' in handler) return { name: 'rateLimit', kind: 'third-party', from: 'express-rate-limit' };
  const made = thirdParty[name];
  if (made !== undefined) return { name, kind: 'third-party', from: made };
  const own = builtIn[name];
  if (own !== undefined) return { name, kind: 'built-in', from: own };
  if ('stack' in handler)
    return { name: 'router', kind: 'router', from: onApp ? 'mounted on the app' : 'mounted on a router' };
  return onApp
    ? { name, kind: 'application', from: 'on the app' }
    : { name, kind: 'router', from: 'on a router' };
}

/** Whether a layer stands on this router, or in one of its routes; not within a router that is mounted on it. */
function belongsTo(layer: object, { stack = [] }: Stack): boolean {
  return stack.some((own) => own === layer || own.route?.stack?.some((inner) => inner === layer) === true);
}
