/** The contract of a demo: its handler returns what it measured and the lesson computed from that. */
import { z } from 'zod';
import type { ProblemCode, ProblemType } from '../../http/problem.ts';
import type { Call, Example, MediaResponse, Method, Output, StreamedBody } from '../../routes/route.ts';
import type { Timeline } from './measure/timeline.ts';
import type { DemoResources } from './resources/resources.ts';

declare module '../../routes/route.ts' {
  interface RouteMeta {
    /** What it teaches, in a sentence. */
    readonly teaches?: string;
    /** Paths of routes that do the same in another way. */
    readonly contrasts?: readonly string[];
    /** May crash, block, leak or end this worker. */
    readonly danger?: true;
  }
}

declare module '../../routes/feature.ts' {
  interface FeatureMeta {
    /** What it teaches, in a short paragraph. */
    readonly teaches?: string;
    /** What to look for in the responses. */
    readonly lookFor?: string;
    /** The words to search for. */
    readonly terms?: readonly string[];
    readonly readMore?: readonly Link[];
    /** Numbers in https://github.com/goldbergyoni/nodebestpractices */
    readonly practices?: readonly string[];
  }
}

/** A page of the Node.js, V8 or libuv documentation. */
export interface Link {
  readonly title: string;
  readonly url: string;
}

/** A request of a demo. */
export interface DemoCall<Params, Query, Body> extends Call<Params, Query, Body> {
  readonly timeline: Timeline;
  readonly resources: DemoResources;
}

/** What a run shows, computed from its figures, also if they contradict the textbook. */
export interface Lesson {
  /** At most 12 words. */
  readonly headline: string;
  /** A paragraph. */
  readonly text: string;
}

export interface Observation<Result> {
  readonly result: Result;
  readonly lesson: Lesson;
}

export interface DemoRouteBase {
  readonly method: Method;
  /** Names the file that declares the route: `/block` is in `block.ts`. */
  readonly path: string;
  /** A heading of a few words: "Block the event loop". */
  readonly title: string;
  readonly summary: string;
  readonly teaches: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType | StreamedBody;
  readonly problems?: readonly (ProblemCode | ProblemType)[];
  readonly examples: readonly [Example, ...Example[]];
  /** Ids of contrasting routes: `streams/file-buffered`. */
  readonly contrasts: readonly string[];
  readonly danger?: true;
  /** Runs while no other demo runs in this worker: its figures are those of the process or of its event loop. */
  readonly alone?: true;
  /** Takes next to nothing, so it neither counts as a demo that runs nor waits for one. */
  readonly brief?: true;
}

/** A route that responds with evidence. */
export interface DemoRoute extends DemoRouteBase {
  readonly result: z.ZodType;
  readonly run: (call: DemoCall<never, never, never>) => Promise<Observation<unknown>> | Observation<unknown>;
}

/** A route with a response of its own: a stream, a status, a file. */
export interface RawRoute extends DemoRouteBase {
  readonly response: MediaResponse | z.ZodType;
  send(call: DemoCall<never, never, never>): unknown;
  /** The result of `observe`. */
  readonly observed?: z.ZodType;
  /** Measures the route, often as its own client. The result is the response if JSON or text is requested. */
  readonly observe?: (call: DemoCall<never, never, never>) => Promise<Observation<unknown>>;
}

export interface Demo {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  /** What it teaches, in a short paragraph. */
  readonly teaches: string;
  /** What to look for in the responses. */
  readonly lookFor: string;
  /** The words to search for. */
  readonly terms: readonly string[];
  readonly readMore: readonly Link[];
  /** Numbers in https://github.com/goldbergyoni/nodebestpractices */
  readonly practices: readonly string[];
  readonly routes: readonly (DemoRoute | RawRoute)[];
}

type Maybe<T> = T | undefined;

/** Declares a route that responds with evidence. */
export function demoRoute<
  R extends z.ZodType,
  P extends Maybe<z.ZodObject> = undefined,
  Q extends Maybe<z.ZodObject> = undefined,
  B extends Maybe<z.ZodType | StreamedBody> = undefined,
>(
  route: Omit<DemoRouteBase, 'params' | 'query' | 'body'> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly result: R;
    run(
      call: DemoCall<Output<P>, Output<Q>, Output<B>>,
    ): Promise<Observation<z.input<R>>> | Observation<z.input<R>>;
  },
): DemoRoute {
  return route as unknown as DemoRoute;
}

/** Declares a route with a response of its own. */
export function rawRoute<
  R extends z.ZodType,
  P extends Maybe<z.ZodObject> = undefined,
  Q extends Maybe<z.ZodObject> = undefined,
  B extends Maybe<z.ZodType | StreamedBody> = undefined,
>(
  route: Omit<DemoRouteBase, 'params' | 'query' | 'body'> & {
    readonly params?: P;
    readonly query?: Q;
    readonly body?: B;
    readonly response: MediaResponse | z.ZodType;
    send(call: DemoCall<Output<P>, Output<Q>, Output<B>>): unknown;
    readonly observed?: R;
    observe?(call: DemoCall<Output<P>, Output<Q>, Output<B>>): Promise<Observation<z.input<R>>>;
  },
): RawRoute {
  return route as unknown as RawRoute;
}

interface Bounds {
  readonly min: number;
  readonly max: number;
  readonly default: number;
}

/** A query parameter: a whole number within bounds. */
export function wholeNumber(meaning: string, { min, max, default: fallback }: Bounds) {
  const expected = `must be a whole number from ${min} to ${max}`;
  return z.coerce
    .number({ error: expected })
    .int({ error: expected })
    .min(min, { error: expected })
    .max(max, { error: expected })
    .default(fallback)
    .describe(meaning);
}

/** A query parameter: one of a few words. The first is the default. */
export function oneOf<const W extends readonly [string, ...string[]]>(meaning: string, words: W) {
  return z
    .enum(words, { error: `must be one of ${words.join(', ')}` })
    .default(words[0] as never)
    .describe(meaning);
}
