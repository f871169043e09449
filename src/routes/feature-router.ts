import { raw, Router, type Request, type RequestHandler, type Response } from 'express';
import type { Logger } from 'pino';
import type { Config } from '../config/core-variables.ts';
import type { InFlightBoard } from '../http/in-flight-board.ts';
import { preferredType } from '../http/negotiation.ts';
import { sendNotModified } from '../http/preconditions.ts';
import { Problem } from '../http/problem.ts';
import { isClosedByServer } from '../http/seen-status.ts';
import { sendJson } from '../http/send-json.ts';
import { continueTrace } from '../http/trace-context.ts';
import type { Lifecycle } from '../process/lifecycle.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Tracing } from '../telemetry/tracing.ts';
import { bodyTooLarge, parseJson } from './body.ts';
import { holdToDeclaration } from './declared-response.ts';
import type { Feature } from './feature.ts';
import { readInput } from './input.ts';
import { rejectMethod } from './method-not-allowed.ts';
import {
  guardsOf,
  hasContent,
  isMediaResponse,
  isRedirect,
  isStreamedBody,
  type Call,
  type Caller,
  type Guard,
  type Route,
} from './route.ts';

interface FeatureRouterOptions {
  readonly config: Pick<Config, 'BODY_LIMIT_BYTES' | 'HANDLER_TIMEOUT_MS' | 'NODE_ENV'>;
  readonly lifecycle: Lifecycle;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly board: InFlightBoard;
  readonly tracing: Pick<Tracing, 'current'>;
}

/** The routes of one feature. Other methods of an existing path get a 405. */
export function createFeatureRouter(feature: Feature, options: FeatureRouterOptions): Router {
  const router = Router();
  const { BODY_LIMIT_BYTES: limit } = options.config;
  const requireJson = requireBody('application/json', limit, JSON_CODINGS);
  // `requireJson` has already checked the media type. Without express.json, whose decoders of other charsets cost more.
  const readBytes = raw({ limit, type: () => true });

  function layersOf(body: Route['body']): RequestHandler[] {
    if (body === undefined) return [];
    if (!isStreamedBody(body)) return [requireJson, readBytes, parseJson];
    return [requireBody(body.mediaType, body.maxBytes, ['identity'])];
  }

  for (const [path, routes] of Map.groupBy(feature.routes, (route) => route.path)) {
    const pattern = feature.base + path;
    const boardId = options.board.registerRoute(pattern);
    // One Express route per path: a router compares the path once per layer, a route calls its handlers directly.
    const at = router.route(path);
    at.all(function setRoute(_req, res, next) {
      res.locals.route = pattern;
      options.board.setRoute(res.locals.slot, boardId);
      next();
    });
    for (const route of routes) {
      const guards = guardsOf(feature, route);
      at[route.method](
        ...(guards.length === 0 ? [] : [checkGuards(guards)]),
        ...(hasContent(route) ? [negotiate(route)] : []),
        ...layersOf(route.body),
        createHandler(feature, route, options),
      );
    }
    at.all(rejectMethod(routes.map((route) => route.method)));
  }
  return router;
}

function checkGuards(guards: readonly Guard[]): RequestHandler {
  return async function mayCall(req, res, next) {
    res.locals.caller = await identifyCaller(guards, req, res);
    next();
  };
}

/**
 * The first guard that knows the caller decides.
 *
 * @throws {Problem} if none does: what a guard says of the credential that was sent; or `unauthorized`, with all ways to
 * authenticate
 */
async function identifyCaller(guards: readonly Guard[], req: Request, res: Response): Promise<Caller> {
  const challenges = new Set<string>();
  let rejected: Problem | undefined;
  for (const guard of guards) {
    try {
      return await guard.check(req, res);
    } catch (error) {
      const isUnknown = error instanceof Problem && error.code === 'unauthorized';
      if (!isUnknown || guards.length === 1) throw error;
      // Only a guard that has found a credential of its kind has something to say of it.
      if (error.detail !== undefined) rejected ??= error;
      const challenge = error.headers['WWW-Authenticate'];
      if (challenge !== undefined) challenges.add(challenge);
    }
  }
  throw (
    rejected ?? new Problem('unauthorized', { headers: { 'WWW-Authenticate': [...challenges].join(', ') } })
  );
}

/** Rejects a request whose `Accept` header excludes everything the route can respond with. */
function negotiate(route: Route): RequestHandler {
  const own = isMediaResponse(route.response) ? route.response.mediaType : 'application/json';
  const types = route.produces ?? [own];
  return function acceptable(req, res, next) {
    if (types.length > 1) res.vary('Accept');
    if (req.headers.accept === undefined || preferredType(req, types) !== false) next();
    else next(new Problem('not-acceptable', { detail: `This route responds with ${types.join(' or ')}.` }));
  };
}

const otherCharset = /;\s*charset\s*=(?!\s*"?utf-8"?\s*(?:;|$))/i;

/** The content codings of a JSON body, which body-parser decodes. */
const JSON_CODINGS = ['gzip', 'deflate', 'br', 'identity'];

/** Rejects a wrong media type or coding, and a Content-Length over the limit, before any of the body is read. */
function requireBody(mediaType: string, maxBytes: number, codings: readonly string[]): RequestHandler {
  const isJson = mediaType === 'application/json';
  return function checkBody(req, _res, next) {
    const {
      'content-type': type,
      'content-encoding': coding = 'identity',
      'content-length': length,
    } = req.headers;
    if (!isOf(mediaType, req)) {
      next(unsupported(`The body must be ${mediaType}.`, { Accept: mediaType }));
    } else if (type !== mediaType && isJson && otherCharset.test(type ?? '')) {
      next(unsupported('JSON is encoded as UTF-8.', { Accept: mediaType }));
    } else if (!codings.includes(coding.toLowerCase())) {
      const supported = codings.join(', ');
      next(unsupported(`The supported codings are ${supported}.`, { 'Accept-Encoding': supported }));
    } else if (Number(length) > maxBytes) next(bodyTooLarge(maxBytes));
    else next();
  };
}

function unsupported(detail: string, headers: Readonly<Record<string, string>>): Problem {
  return new Problem('unsupported-media-type', { detail, headers });
}

/**
 * Whether the body has a media type, or there is no body. A body without a type may be anything, such as a file:
 * https://www.rfc-editor.org/rfc/rfc9110#section-8.3
 */
function isOf(mediaType: string, req: Request): boolean {
  const given = req.headers['content-type'] ?? 'application/octet-stream';
  // Nearly every client sends exactly this, which saves parsing it.
  return mediaType === '*/*' || given === mediaType || req.is(mediaType) !== false;
}

function createHandler(
  feature: Feature,
  route: Route,
  { config, lifecycle, log, metrics, tracing }: FeatureRouterOptions,
): RequestHandler {
  const name = `${route.method.toUpperCase()} ${feature.base}${route.path}`;
  // Nothing can be removed from a wrong location: it is an error in production, too.
  const production = config.NODE_ENV === 'production' && !isRedirect(route);
  const held = isMediaResponse(route.response)
    ? (returned: unknown) => returned
    : holdToDeclaration({ name, schema: route.response, production, log, metrics });
  const isStream = isMediaResponse(route.response) || isStreamedBody(route.body);
  const isRead = route.method === 'get';
  const timeoutMs = route.timeoutMs ?? (isStream ? 0 : config.HANDLER_TIMEOUT_MS);
  return async function handle(req, res) {
    const call = new RouteCall(route, req, res, { log, tracing, draining: lifecycle.draining });
    const run = () => route.handler(call as unknown as Call<never, never, never, never, never>);
    const result = isRead && req.method === 'HEAD' ? runWithoutContent(run, call) : run();
    const returned =
      result instanceof Promise && timeoutMs > 0 ? await withDeadline(result, call, timeoutMs) : await result;
    // The handler has responded itself, or the client has disconnected.
    if (res.headersSent || res.destroyed) return;
    if (route.success !== undefined) res.status(route.success);
    if (route.success === 204) {
      res.end();
      return;
    }
    if (returned === undefined) throw new Error(`${name} returned undefined without starting a response`);
    const value = held(returned);
    if (isRedirect(route)) res.location(value as string).end();
    else if (!isRead || !res.hasHeader('ETag') || !sendNotModified(req, res)) sendJson(req, res, value);
  };
}

/**
 * Runs a handler for HEAD: the response ends where its content would begin, and the handler is aborted. It still decides
 * the status and the headers.
 */
async function runWithoutContent(run: () => unknown, call: RouteCall): Promise<unknown> {
  const { res } = call;
  const end = () => {
    if (res.writableEnded) return false;
    res.end();
    // An aborted pipeline destroys its destination, which is complete.
    Object.assign(res, { destroy: () => res });
    call.abort(new Error('a response to HEAD has no content'));
    return false;
  };
  Object.assign(res, { write: end, flushHeaders: end });
  try {
    return await run();
  } catch (error) {
    if (!res.writableEnded) throw error;
    return undefined;
  }
}

/**
 * Waits for a handler that has a time to begin its response. When it is over, the signal of the call is aborted; a handler
 * that does not stop then goes on in vain.
 *
 * @throws {Problem} `handler-timeout`
 */
async function withDeadline(result: Promise<unknown>, call: RouteCall, timeoutMs: number): Promise<unknown> {
  const { promise: timedOut, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    if (call.res.headersSent || call.res.closed) return;
    const problem = new Problem('handler-timeout', {
      detail: `There was no response within ${timeoutMs} ms.`,
    });
    call.log.warn({ event: 'handler-timeout', timeoutMs }, problem.message);
    call.abort(problem);
    reject(problem);
  }, timeoutMs);
  try {
    return await Promise.race([result, timedOut]);
  } finally {
    clearTimeout(timer);
  }
}

/** A class with lazy getters: unused members cost nothing. */
class RouteCall implements Call {
  readonly caller: unknown;
  readonly req: Request;
  readonly res: Response;
  readonly log: Logger;
  readonly draining: AbortSignal;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly headers: unknown;
  readonly #tracing: Pick<Tracing, 'current'>;
  #aborter: AbortController | undefined;

  constructor(
    route: Route,
    req: Request,
    res: Response,
    { log, draining, tracing }: Pick<FeatureRouterOptions, 'log' | 'tracing'> & { draining: AbortSignal },
  ) {
    const input = readInput(route, req);
    this.caller = res.locals.caller;
    this.req = req;
    this.res = res;
    this.log = log;
    this.draining = draining;
    this.#tracing = tracing;
    this.params = input.params;
    this.query = input.query;
    this.body = input.body;
    this.headers = input.headers;
  }

  get requestId(): string {
    return this.res.locals.requestId;
  }

  get signal(): AbortSignal {
    this.#aborter ??= abortOnClose(this.res);
    return this.#aborter.signal;
  }

  traceHeaders(): Readonly<Record<string, string>> {
    return continueTrace(
      { ...this.res.locals.fields, ...this.#tracing.current() },
      this.req.headers['tracestate'],
    );
  }

  abort(reason: Error): void {
    this.#aborter ??= new AbortController();
    this.#aborter.abort(reason);
  }
}

/** Whatever rejects with the reason of the signal is recognized as aborted by its name. */
function abortOnClose(res: Response): AbortController {
  const controller = new AbortController();
  const abort = () => {
    if (res.writableFinished) return;
    const what = isClosedByServer(res) ? 'the connection was closed' : 'the client disconnected';
    controller.abort(new DOMException(what, 'AbortError'));
  };
  if (res.closed) abort();
  else res.once('close', abort);
  return controller;
}
