/** The contract of a demo: its handler returns what it measured and the lesson in it. */
import { z } from 'zod';
import type { Call, Example, MediaAnswer, Method, Output, StreamedBody } from '../http/feature.ts';
import type { Timeline } from './evidence/timeline.ts';
import type { Tools } from './work/tools.ts';

/** One request of a demo. */
export interface DemoCall<Params, Query, Body> extends Call<Params, Query, Body> {
  readonly timeline: Timeline;
  readonly tools: Tools;
}

/** What a demo observed. */
export interface Observation<Result> {
  readonly result: Result;
  /** One sentence computed from the figures of this run, also where they contradict the textbook. */
  readonly lesson: string;
}

export interface DemoRouteBase {
  readonly method: Method;
  readonly path: string;
  readonly summary: string;
  readonly teaches: string;
  readonly params?: z.ZodObject;
  readonly query?: z.ZodObject;
  readonly body?: z.ZodType | StreamedBody;
  readonly examples: readonly [Example, ...Example[]];
  /** Ids of contrasting routes: `streams/file-buffered`. */
  readonly contrasts: readonly string[];
  readonly danger?: true;
}

/** A route that answers with evidence. */
export interface DemoRoute extends DemoRouteBase {
  readonly result: z.ZodType;
  readonly run: (call: DemoCall<never, never, never>) => Promise<Observation<unknown>> | Observation<unknown>;
}

/** A route that answers by itself: with a stream, a status, a file. */
export interface RawRoute extends DemoRouteBase {
  readonly response: MediaAnswer | z.ZodType;
  send(call: DemoCall<never, never, never>): unknown;
  /** The result of `observe`. */
  readonly observed?: z.ZodType;
  /** Does the same for a client of its own, and tells what that took: the answer where JSON or text is asked for. */
  readonly observe?: (call: DemoCall<never, never, never>) => Promise<Observation<unknown>>;
}

export interface Demo {
  readonly id: string;
  readonly title: string;
  readonly summary: string;
  /** What it teaches, in a short paragraph. */
  readonly teaches: string;
  /** What to look for in the answers. */
  readonly lookFor: string;
  /** Numbers in the public list of Node.js best practices: https://github.com/goldbergyoni/nodebestpractices */
  readonly practices: readonly string[];
  readonly routes: readonly (DemoRoute | RawRoute)[];
}

type Maybe<T> = T | undefined;

/** Declares a route that answers with evidence. */
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

/** Declares a route that answers by itself. */
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
    readonly response: MediaAnswer | z.ZodType;
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

/** A whole number in a query, within bounds. */
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

/** One of a few words in a query; the first is the default. */
export function oneOf<const W extends readonly [string, ...string[]]>(meaning: string, words: W) {
  return z
    .enum(words, { error: `must be one of ${words.join(', ')}` })
    .default(words[0] as never)
    .describe(meaning);
}
