/**
 * The contract of a feature and a route: plain data beside its handlers, declared once. The router, the index,
 * OpenAPI, the README's tables and the contract tests are all made from it.
 */
import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Variables } from '../config/variable.ts';
import type { Config } from '../config/variables.ts';
import type { Logger } from '../process/logger.ts';
import type { Metrics } from '../process/metrics.ts';
import type { ReadinessCheck } from '../process/readiness.ts';
import type { VitalsMonitor } from '../process/vitals.ts';
import type { ProblemCode } from './problem.ts';
import type { Counts } from './rate-limit.ts';

export type Method = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete' | 'all';

/** One request as its handler sees it. */
export interface Call<Params = unknown, Query = unknown, Body = unknown, Headers = unknown> {
  readonly params: Params;
  readonly query: Query;
  readonly body: Body;
  /** Those of the headers that the route declares. */
  readonly headers: Headers;
  readonly req: Request;
  readonly res: Response;
  readonly requestId: string;
  readonly log: Logger;
  /** Aborted when the client leaves before its answer is complete. Whatever the handler started must end then. */
  readonly signal: AbortSignal;
  /** Aborted when this worker begins to drain: an endless answer should say goodbye. */
  readonly draining: AbortSignal;
}

/** A request that can be made as it is printed. */
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
  /** Further options for curl, such as `-o /dev/null`. */
  readonly curl?: string;
  /** A shell command that reads the answer, such as `head -3`. */
  readonly pipe?: string;
  /** The method, where the route serves all of them. */
  readonly method?: string;
  /** The expected status; 200 where it is not said. */
  readonly status?: number;
}

/** An answer that is not JSON. */
export interface MediaAnswer {
  readonly mediaType: string;
  readonly description: string;
}

/** A body that the handler reads as it arrives. */
export interface StreamedBody {
  /** What is read; of another type it is refused. One that is sent without a type is application/octet-stream. */
  readonly mediaType: string;
  /** A longer one is refused: at once where it says so, else while it is read. */
  readonly maxBytes: number;
  readonly description: string;
}

/** Who may call: asked before anything that was sent is read or checked. */
export interface Guard {
  /** What OpenAPI calls it: `apiKey`. */
  readonly name: string;
  /** How callers show who they are: https://spec.openapis.org/oas/v3.1.1#security-scheme-object */
  readonly scheme: Readonly<Record<string, unknown>>;
  /**
   * Lets a request pass, or throws.
   *
   * @throws {Problem} `unauthorized`, with a `WWW-Authenticate` header; or `forbidden`
   */
  check(req: Request, res: Response): void | Promise<void>;
}

export interface Route {
  readonly method: Method;
  /** Below the feature's base, in Express's syntax: `/status/:code`. */
  readonly path: string;
  readonly summary: string;
  /** That of the feature where it is not said. */
  readonly guard?: Guard;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  /** A schema for a JSON body that is read and checked; or a body whose chunks the handler reads as they arrive. */
  readonly body?: z.ZodType | StreamedBody;
  /** Headers that are read and checked, by their names in lower case. */
  readonly requestHeaders?: z.ZodObject;
  /**
   * The status of an answer that is no problem; 200 where it is not said. With 204 nothing is returned; with a redirect
   * (301 and on) the location is, and `response` is its schema.
   */
  readonly success?: 201 | 202 | 204 | 301 | 302 | 303 | 307 | 308;
  /** The schema of what is returned, which is checked outside production; or an answer the handler gives by itself. */
  readonly response: z.ZodType | MediaAnswer;
  /** Headers of that answer, each with what it says. */
  readonly responseHeaders?: Readonly<Record<string, string>>;
  /** Problems that callers of this route should know of, beside those that any route may answer. */
  readonly problems?: readonly ProblemCode[];
  /** The media types it can give; that of `response` where it is not said. */
  readonly produces?: readonly string[];
  /** The JSON it gives where that is not its first answer. */
  readonly json?: z.ZodType;
  readonly examples: readonly [Example, ...Example[]];

  // not in a copy, down to the next empty line
  /** What is learnt from it, in a sentence. */
  readonly teaches?: string;
  /** Paths, without the base of all features, of routes that do the same otherwise. */
  readonly contrasts?: readonly string[];
  /** May crash, hang, leak or end this worker. */
  readonly danger?: true;

  /** Returns the answer, or has begun one by itself when it is done: what answers later must be awaited. */
  handler(call: Call<never, never, never, never>): unknown;
}

export interface Feature {
  readonly id: string;
  /** Where its routes are: `/tasks`. */
  readonly base: string;
  readonly title: string;
  readonly summary: string;

  // not in a copy, down to the next empty line
  /** What it teaches, in a short paragraph. */
  readonly description?: string;
  /** Numbers in the public list of Node.js best practices: https://github.com/goldbergyoni/nodebestpractices */
  readonly practices?: readonly string[];

  /** Of all its routes that have none of their own. */
  readonly guard?: Guard;
  readonly routes: readonly Route[];
}

/** A path of a feature set that is not in the manifest: a page, an index, a file. */
export interface Extra {
  readonly path: string;
  readonly handler: (req: Request, res: Response) => void | Promise<void>;
}

/** What features get from the worker they live in. */
export interface FeatureDependencies {
  /** The whole configuration; a feature finds its own variables in it. */
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly vitals: VitalsMonitor;
  /** Whether this is one of several workers. */
  readonly clustered: boolean;
  /** Makes the counts of a rate limit of its own, which all workers share. */
  readonly createCounts: (limiter: string) => Counts;
  /** Where the management port really is, as a URL; left out where there is none, as in an app without a process. */
  readonly managementAddress?: () => Promise<string>;
  /** Aborted when this worker begins to drain. */
  readonly draining: AbortSignal;
}

/** Features that belong together, as `features.ts` lists them. */
export interface FeatureSet {
  /** Environment variables of their own. */
  readonly variables: Variables;
  /** Loads the features; only workers do, so the primary knows their variables and nothing else of them. */
  load(): Promise<FeatureModule>;
}

export interface FeatureModule {
  /** Puts the features together. A worker is ready when all sets are; where one fails, so does the start. */
  create(dependencies: FeatureDependencies): CreatedFeatures | Promise<CreatedFeatures>;
}

export interface CreatedFeatures {
  readonly features: readonly Feature[];
  readonly extras?: readonly Extra[];
  /** What they depend on, by name: where a check fails, `/readyz` of the worker says no. */
  readonly checks?: Readonly<Record<string, ReadinessCheck>>;
  /** Shows the features of all sets: made once they are all there. */
  around?(features: readonly Feature[]): Surroundings;
  /** Ends what they hold: threads, children, timers. */
  stop?(): Promise<void> | void;
}

export interface Surroundings {
  readonly extras?: readonly Extra[];
  /** What a browser gets at `/`. */
  readonly page?: Extra['handler'];
}

/** Input as a handler gets it: checked, or as chunks. */
export type Output<S> = S extends z.ZodType
  ? z.output<S>
  : S extends StreamedBody
    ? AsyncIterable<Buffer>
    : undefined;
type Returned<R> = R extends z.ZodType ? z.input<R> | Promise<z.input<R>> : unknown;

/** Declares a route so that its handler knows the types of its checked input, and must return what is declared. */
export function defineRoute<
  P extends z.ZodObject | undefined = undefined,
  Q extends z.ZodObject | undefined = undefined,
  B extends z.ZodType | StreamedBody | undefined = undefined,
  H extends z.ZodObject | undefined = undefined,
  R extends Route['response'] = Route['response'],
>(
  route: Omit<Route, 'params' | 'query' | 'body' | 'requestHeaders' | 'response' | 'handler'> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly requestHeaders?: H;
    readonly response: R;
    handler(call: Call<Output<P>, Output<Q>, Output<B>, Output<H>>): Returned<R>;
  },
): Route {
  return route as unknown as Route;
}

export function isStreamedBody(body: Route['body']): body is StreamedBody {
  return body !== undefined && 'maxBytes' in body;
}

/** What a caller may send, in words. */
export function describeStream({ description, maxBytes }: StreamedBody): string {
  return `${description}, at most ${maxBytes} bytes`;
}

export function isMediaAnswer(response: Route['response']): response is MediaAnswer {
  return 'mediaType' in response;
}

export function isRedirect({ success }: Pick<Route, 'success'>): boolean {
  return success !== undefined && success >= 300;
}

/** Whether its answer has content, of which a caller may accept only some kinds. */
export function hasContent(route: Pick<Route, 'success'>): boolean {
  return route.success !== 204 && !isRedirect(route);
}
