/**
 * The contract of a route: plain data next to its handler, declared once. The router, the index, OpenAPI, the generated
 * documentation and the contract tests are all derived from it.
 */
import type { Request, Response } from 'express';
import type { Logger } from 'pino';
import type { z } from 'zod';
import type { ProblemCode, ProblemType } from '../http/problem.ts';

export type Method = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete' | 'all';

/** Who sent a request, as a guard has found out. */
export interface Caller {
  /** The access log shows it. */
  readonly id: string;
}

/** One request as its handler sees it. */
export interface Call<Params = unknown, Query = unknown, Body = unknown, Headers = unknown, Who = unknown> {
  /** What the guard of the route returned; undefined if anyone may call. */
  readonly caller: Who;
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** The headers that the route declares. */
  readonly headers: Headers;
  readonly req: Request;
  readonly res: Response;
  readonly requestId: string;
  readonly log: Logger;
  /**
   * Aborted when the client disconnects before the response is complete, or when the time of the handler is over: stop
   * whatever the handler started.
   */
  readonly signal: AbortSignal;
  /** Aborted when this worker begins to drain: an endless response should end. */
  readonly draining: AbortSignal;
  /** @returns headers that continue the trace of this request in one request to another service */
  traceHeaders(): Readonly<Record<string, string>>;
}

/** A request that works when copied into a terminal. */
export interface Example {
  /** What it shows, in a few words. */
  readonly title: string;
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | boolean>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** A JSON body. */
  readonly body?: unknown;
  /** A shell command whose output is the body. */
  readonly stdin?: string;
  /** More curl options, such as `-o /dev/null`. */
  readonly curl?: string;
  /** A shell command that reads the response, such as `head -3`. */
  readonly pipe?: string;
  /** The method, if the route serves all of them. */
  readonly method?: string;
  /** The expected status. Defaults to 200. */
  readonly status?: number;
  /**
   * A route of the same feature that creates what this example is about: the first example of that route runs first, and
   * this one requests the URL in its `Location` header.
   */
  readonly createdBy?: Route;
}

/** A response that is not JSON. */
export interface MediaResponse {
  readonly mediaType: string;
  readonly description: string;
}

/** A body that the handler reads as it arrives. */
export interface StreamedBody {
  /** Other types are rejected with 415. A body without a type counts as application/octet-stream. */
  readonly mediaType: string;
  /** A longer body is rejected with 413: at once if its Content-Length says so, otherwise while it is read. */
  readonly maxBytes: number;
  readonly description: string;
}

/** Decides who may call. Runs before the request body is read. */
export interface Guard<Who extends Caller = Caller> {
  /** Its name in OpenAPI: `apiKey`. */
  readonly name: string;
  /** How callers authenticate: https://spec.openapis.org/oas/v3.1.1#security-scheme-object */
  readonly scheme: Readonly<Record<string, unknown>>;
  /** What a caller must be allowed to do. */
  readonly scopes?: readonly string[];
  /**
   * @returns who calls
   * @throws {Problem} `unauthorized`, with a `WWW-Authenticate` header; or `forbidden`
   */
  check(req: Request, res: Response): Who | Promise<Who>;
}

/** Who may call: those that a guard lets pass, or one of several; or anyone. */
export type Access = Guard | readonly [Guard, ...Guard[]] | 'public';

type CallerOf<A> = A extends 'public'
  ? undefined
  : A extends Guard<infer Who> | readonly Guard<infer Who>[]
    ? Who
    : Caller | undefined;

/**
 * What a feature adds to the description of its routes, by declaration merging. The index shows it as it is, OpenAPI as
 * `x-…`.
 *
 * @example
 * declare module '../routes/route.ts' {
 *   interface RouteMeta {
 *     readonly deprecated?: true;
 *   }
 * }
 */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type -- features add to it
export interface RouteMeta {}

export interface Route {
  readonly method: Method;
  /** Below the feature's base, in Express syntax: `/status/:code`. */
  readonly path: string;
  /** A heading of a few words: "Create a task". */
  readonly title: string;
  /** One sentence: what it does. */
  readonly summary: string;
  /** A paragraph, if the summary is not enough. */
  readonly description?: string;
  /** A word of warning that follows its title wherever callers choose a route: "dangerous". */
  readonly warning?: string;
  readonly meta?: RouteMeta;
  /** Defaults to that of the feature. */
  readonly guard?: Access;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** A schema for a JSON body, or a body that the handler reads as it arrives. */
  readonly body?: z.ZodType | StreamedBody;
  /** Headers that are read and checked, by their lower-case names. */
  readonly requestHeaders?: z.ZodObject;
  /**
   * The status of a successful response. Defaults to 200. With 204 the handler returns nothing; with a redirect it
   * returns the location, and `response` is the schema of that location.
   */
  readonly success?: 201 | 202 | 204 | 301 | 302 | 303 | 307 | 308;
  /** The schema of what the handler returns, which is held to it; or a response that the handler sends. */
  readonly response: z.ZodType | MediaResponse;
  /** Headers of that response, each with its meaning. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
  /** Error responses that callers of this route should expect, in addition to those of every route. */
  readonly problems?: readonly (ProblemCode | ProblemType)[];
  /** The media types that it can respond with. Defaults to the type of `response`. */
  readonly produces?: readonly string[];
  /** The schema of its JSON, if `response` is another media type. */
  readonly json?: z.ZodType;
  readonly examples: readonly [Example, ...Example[]];
  /**
   * Time the handler has to begin its response (ms); 0: unlimited. Defaults to `HANDLER_TIMEOUT_MS`, or to 0 for a body
   * or a response that is no JSON.
   */
  readonly timeoutMs?: number;
  /** Returns the response body, or writes to `res` itself; in that case it awaits everything that writes to it. */
  handler(call: Call<never, never, never, never, never>): unknown;
}

/** A path that is not in the manifest: a page, an index, a file. */
export interface PlainRoute {
  readonly path: string;
  /** Its parameters. Any other is rejected. */
  readonly query?: z.ZodObject;
  readonly handler: (req: Request, res: Response) => void | Promise<void>;
}

/** Input as a handler gets it: parsed, or as chunks. */
export type Output<S> = S extends z.ZodType
  ? z.output<S>
  : S extends StreamedBody
    ? AsyncIterable<Buffer>
    : undefined;
type Returned<R> = R extends z.ZodType ? z.input<R> | Promise<z.input<R>> : unknown;

/**
 * Declares a route. The handler gets the types of its parsed input and must return what the route declares.
 *
 * @example
 * const greet = defineRoute({
 *   method: 'get',
 *   path: '/:name',
 *   title: 'Greet',
 *   summary: 'Greets by name.',
 *   params: z.strictObject({ name: z.string().max(40) }),
 *   response: z.strictObject({ text: z.string() }),
 *   examples: [{ title: 'Greet Ada', params: { name: 'Ada' } }],
 *   handler: ({ params }) => ({ text: `Hello, ${params.name}!` }),
 * });
 */
export function defineRoute<
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | StreamedBody | undefined = undefined,
  H extends z.ZodObject | undefined = undefined,
  R extends Route['response'] = Route['response'],
  A extends Access | undefined = undefined,
>(
  route: Omit<Route, 'guard' | 'params' | 'query' | 'body' | 'requestHeaders' | 'response' | 'handler'> & {
    readonly guard?: A;
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly requestHeaders?: H;
    readonly response: R;
    handler(call: Call<Output<P>, Output<Q>, Output<B>, Output<H>, CallerOf<A>>): Returned<R>;
  },
): Route {
  return route as unknown as Route;
}

/** @returns the guards of which one must let a caller pass; none if anyone may call */
export function guardsOf(feature: { readonly guard: Access }, route: Pick<Route, 'guard'>): readonly Guard[] {
  const access = route.guard ?? feature.guard;
  if (access === 'public') return [];
  return 'check' in access ? [access] : access;
}

/** The title of a route, with its warning. */
export function titleOf({ title, warning }: Pick<Route, 'title' | 'warning'>): string {
  return warning === undefined ? title : `${title} (${warning})`;
}

export function isStreamedBody(body: Route['body']): body is StreamedBody {
  return body !== undefined && 'maxBytes' in body;
}

/** What a caller may send, in words. */
export function describeStream({ description, maxBytes }: StreamedBody): string {
  return `${description}, at most ${maxBytes.toLocaleString('en-US')} bytes`;
}

export function isMediaResponse(response: Route['response']): response is MediaResponse {
  return 'mediaType' in response;
}

export function isRedirect({ success }: Pick<Route, 'success'>): boolean {
  return success !== undefined && success >= 300;
}

/** Whether a successful response has a body, which is subject to content negotiation. */
export function hasContent(route: Pick<Route, 'success'>): boolean {
  return route.success !== 204 && !isRedirect(route);
}
