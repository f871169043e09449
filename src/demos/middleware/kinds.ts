import type { Application } from 'express';
import type { PassedLayer } from '../kit/measure/layer-trace.ts';

/** The terms of https://expressjs.com/en/guide/using-middleware.html */
export const kinds = ['application', 'router', 'error', 'built-in', 'third-party'] as const;
export type Kind = (typeof kinds)[number];

/** Packages by the name of the function that they create; a test checks the names. */
const thirdParty: Readonly<Record<string, string>> = { logger: 'morgan', compression: 'compression' };
const builtIn: Readonly<Record<string, string>> = {
  jsonParser: 'express.json',
  urlencodedParser: 'express.urlencoded',
  textParser: 'express.text',
  rawParser: 'express.raw',
  serveStatic: 'express.static',
};

interface NamedLayer {
  readonly name: string;
  readonly kind: Kind;
  /** Its package, or what it was added to. */
  readonly from: string;
}

interface Stack {
  readonly stack?: readonly { readonly handle?: unknown; readonly route?: Stack }[];
}

export function nameLayer(
  { layer, handler, errorHandler }: Omit<PassedLayer, 'startedAt'>,
  app: Application,
): NamedLayer {
  const onApp = belongsTo(layer, app.router);
  const name = handler.name === '' ? '(no name)' : handler.name;
  if (errorHandler) return { name, kind: 'error', from: 'a layer with four parameters' };
  // The function of express-rate-limit has no name, but this method.
  if ('resetKey' in handler) return { name: 'rateLimit', kind: 'third-party', from: 'express-rate-limit' };
  const packageName = thirdParty[name];
  if (packageName !== undefined) return { name, kind: 'third-party', from: packageName };
  const factory = builtIn[name];
  if (factory !== undefined) return { name, kind: 'built-in', from: factory };
  if ('stack' in handler) {
    return { name: 'router', kind: 'router', from: onApp ? 'mounted on the app' : 'mounted on a router' };
  }
  return onApp
    ? { name, kind: 'application', from: 'on the app' }
    : { name, kind: 'router', from: 'on a router' };
}

/** Whether a layer was added to this router or to one of its routes; routers mounted on it do not count. */
function belongsTo(layer: object, { stack = [] }: Stack): boolean {
  return stack.some((own) => own === layer || own.route?.stack?.some((inner) => inner === layer) === true);
}
