import express, { Router, type Request, type RequestHandler, type Response } from 'express';
import type { z } from 'zod';
import type { Config } from '../config/variables.ts';
import type { Lifecycle } from '../process/lifecycle.ts';
import type { Logger } from '../process/logger.ts';
import type { RequestBoard } from '../process/request-board.ts';
import {
  hasContent,
  isMediaAnswer,
  isRedirect,
  isStreamedBody,
  type Call,
  type Feature,
  type Guard,
  type Route,
} from './feature.ts';
import { readInput } from './input.ts';
import { refuseMethod } from './method-not-allowed.ts';
import { Problem } from './problem.ts';
import { bodyTooLarge } from './read-body.ts';
import { sendJson } from './send-json.ts';

interface FeatureRouterOptions {
  readonly config: Pick<Config, 'BODY_LIMIT_BYTES' | 'NODE_ENV'>;
  readonly lifecycle: Lifecycle;
  readonly log: Logger;
  readonly board: RequestBoard;
}

/** The routes of one feature. A path that exists but does not serve the method is a 405 that names those it does. */
export function createFeatureRouter(feature: Feature, options: FeatureRouterOptions): Router {
  const router = Router();
  const { BODY_LIMIT_BYTES: limit } = options.config;
  const tooLarge = new Problem('body-too-large', { detail: `At most ${limit} bytes are read.` });
  const requireJson = createBodyGuard('application/json', limit, tooLarge);
  // Of what type a body is has been looked at when it is read.
  const readJson = express.json({ limit, strict: false, type: () => true });

  function layersOf(body: Route['body']): RequestHandler[] {
    if (body === undefined) return [];
    if (!isStreamedBody(body)) return [requireJson, readJson];
    return [createBodyGuard(body.mediaType, body.maxBytes, bodyTooLarge(body.maxBytes))];
  }

  for (const [path, routes] of Map.groupBy(feature.routes, (route) => route.path)) {
    const pattern = feature.base + path;
    const boarded = options.board.registerRoute(pattern);
    // One route a path: each layer of a router is a path to be compared, each handler of a route is only called.
    const at = router.route(path);
    at.all(function nameRoute(_req, res, next) {
      res.locals.route = pattern;
      options.board.nameRoute(res.locals.slot, boarded);
      next();
    });
    for (const route of routes) {
      const guard = route.guard ?? feature.guard;
      const allowed = guard === undefined ? [] : [createGuard(guard)];
      const accepted = hasContent(route) ? [negotiate(route)] : [];
      at[route.method](
        ...allowed,
        ...accepted,
        ...layersOf(route.body),
        createHandler(feature, route, options),
      );
    }
    at.all(refuseMethod(routes.map((route) => route.method)));
  }
  return router;
}

function createGuard(guard: Guard): RequestHandler {
  return async function mayCall(req, res, next) {
    await guard.check(req, res);
    next();
  };
}

/** Refuses a request whose `Accept` names nothing that the route can give. */
function negotiate(route: Route): RequestHandler {
  const own = isMediaAnswer(route.response) ? route.response.mediaType : 'application/json';
  const types = route.produces ?? [own];
  return function acceptable(req, _res, next) {
    if (req.headers.accept === undefined || req.accepts([...types]) !== false) next();
    else next(new Problem('not-acceptable', { detail: `This route gives ${types.join(' or ')}.` }));
  };
}

/** Refuses a body of another type; and one that says that it is too large, which its reader would read to its end first. */
function createBodyGuard(mediaType: string, maxBytes: number, tooLarge: Problem): RequestHandler {
  return function requireBody(req, _res, next) {
    if (!isOf(mediaType, req)) {
      next(
        new Problem('unsupported-media-type', {
          detail: `Send a body of ${mediaType}.`,
          headers: { Accept: mediaType },
        }),
      );
    } else if (Number(req.headers['content-length']) > maxBytes) next(tooLarge);
    else next();
  };
}

/**
 * Whether a body is of a media type, or there is none. Without a type it may be anything, as that of a file:
 * https://www.rfc-editor.org/rfc/rfc9110#section-8.3
 */
function isOf(mediaType: string, req: Request): boolean {
  const given = req.headers['content-type'] ?? 'application/octet-stream';
  // Nearly every client writes it like this, and then nothing need be parsed.
  return mediaType === '*/*' || given === mediaType || req.is(mediaType) !== false;
}

function createHandler(
  feature: Feature,
  route: Route,
  { config, lifecycle, log }: FeatureRouterOptions,
): RequestHandler {
  const name = `${route.method.toUpperCase()} ${feature.base}${route.path}`;
  // In production a caller is better served by an answer that is a little wrong, and nobody pays for the check.
  const isChecked = config.NODE_ENV !== 'production';
  return async function handle(req, res) {
    const call = new RouteCall(route, req, res, log, lifecycle.draining);
    const answer = await route.handler(call as unknown as Call<never, never, never, never>);
    // Whoever left gets nothing; whoever was answered by the handler has it already.
    if (res.headersSent || res.destroyed) return;
    if (route.success !== undefined) res.status(route.success);
    if (route.success === 204) {
      res.end();
      return;
    }
    if (answer === undefined) throw new Error(`${name} returned nothing, and has not begun to answer`);
    if (isChecked && !isMediaAnswer(route.response)) checkAnswer(name, route.response, answer);
    if (isRedirect(route)) res.location(answer as string).end();
    else if (res.hasHeader('ETag')) res.json(answer);
    else sendJson(req, res, answer);
  };
}

/** @throws {Error} naming the route and every fault, where an answer is not what the route has declared */
function checkAnswer(name: string, schema: z.ZodType, answer: unknown): void {
  const { error } = schema.safeParse(answer);
  if (error === undefined) return;
  const faults = error.issues.map(({ path, message }) => `${path.join('.') || 'it'}: ${message}`);
  throw new Error(`${name} returned what its response does not declare: ${faults.join('; ')}`);
}

/** A class, so that what a handler does not use costs nothing. */
class RouteCall implements Call {
  readonly req: Request;
  readonly res: Response;
  readonly log: Logger;
  readonly draining: AbortSignal;
  readonly params: unknown;
  readonly query: unknown;
  readonly body: unknown;
  readonly headers: unknown;
  #signal: AbortSignal | undefined;

  constructor(route: Route, req: Request, res: Response, log: Logger, draining: AbortSignal) {
    const input = readInput(route, req);
    this.req = req;
    this.res = res;
    this.log = log;
    this.draining = draining;
    this.params = input.params;
    this.query = input.query;
    this.body = input.body;
    this.headers = input.headers;
  }

  get requestId(): string {
    return this.res.locals.requestId;
  }

  get signal(): AbortSignal {
    this.#signal ??= abortOnClose(this.res);
    return this.#signal;
  }
}

function abortOnClose(res: Response): AbortSignal {
  const controller = new AbortController();
  const abort = () => {
    if (!res.writableFinished) controller.abort(new Error('the client left'));
  };
  if (res.closed) abort();
  else res.once('close', abort);
  return controller.signal;
}
