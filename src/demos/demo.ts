/**
 * The contract of a demo, and how a demo becomes a feature of this service.
 *
 * A demo's handler returns what it measured and the lesson in it; the shape of the answer, its cost, its text form
 * and its headers are made here, the same for all.
 */
import { z } from 'zod';
import type {
  Call,
  Example,
  Feature,
  MediaAnswer,
  Method,
  Output,
  Route,
  StreamedBody,
} from '../http/feature.ts';
import { refuseOtherSites } from '../http/other-sites.ts';
import { Problem } from '../http/problem.ts';
import { answerSchema, whereThisRan, type Answer } from './evidence/answer.ts';
import { measureCost } from './evidence/cost.ts';
import { renderText } from './evidence/text.ts';
import { Timeline } from './evidence/timeline.ts';
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

interface DemoRouteBase {
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

const form = z
  .enum(['json', 'text'], { error: 'must be json or text' })
  .optional()
  .describe('The form of the answer');

/** Makes a feature of a demo. */
export function toFeature(demo: Demo, tools: Tools, danger: boolean): Feature {
  return {
    id: demo.id,
    base: `/demos/${demo.id}`,
    title: demo.title,
    summary: demo.summary,
    description: `${demo.teaches} ${demo.lookFor}`,
    practices: demo.practices,
    routes: demo.routes.map((route) => toRoute(demo, route, tools, danger)),
  };
}

function toRoute(demo: Demo, route: DemoRoute | RawRoute, tools: Tools, danger: boolean): Route {
  const id = `${demo.id}${route.path}`;
  const contrasts = route.contrasts.map((contrast) => `/demos/${contrast}`);
  const observe = 'send' in route ? route.observe : route.run;
  const result = 'send' in route ? route.observed : route.result;
  const observable = observe !== undefined && result !== undefined;
  const formats = observable ? ['application/json', 'text/plain'] : [];
  const raw =
    'send' in route ? ['mediaType' in route.response ? route.response.mediaType : 'application/json'] : [];
  return {
    ...pickDeclaration(route),
    contrasts,
    query: toQuery(route.query, observable),
    response: 'send' in route ? route.response : answerSchema(route.result),
    ...(observable ? { json: answerSchema(result) } : {}),
    produces: [...raw, ...formats],
    async handler(call: Call) {
      if (route.danger === true) refuseDanger(call, danger);
      const equipped = equip(call, tools);
      if (observe === undefined || ('send' in route && wantedForm(call, raw) === undefined)) {
        return 'send' in route ? route.send(equipped) : undefined;
      }
      const endCost = measureCost();
      try {
        const { result: seen, lesson } = await observe(equipped);
        const { spans, leftOut } = equipped.timeline;
        send(call, {
          demo: id,
          ranOn: whereThisRan(),
          result: seen,
          ...(spans.length === 0 ? {} : { timeline: [...spans] }),
          ...(leftOut === 0 ? {} : { moreSpans: leftOut }),
          cost: endCost(),
          lesson,
          compareWith: contrasts,
        });
      } finally {
        endCost();
      }
    },
  };
}

/** The parameters of a route, and no others, unless its own schema takes any (`z.looseObject`). */
function toQuery(query: z.ZodObject | undefined, observable: boolean): z.ZodObject {
  const shape = { ...query?.shape, ...(observable ? { as: form } : {}) };
  return query?.def.catchall === undefined ? z.strictObject(shape) : z.object(shape).catchall(z.unknown());
}

/** What a demo's route and a feature's route have in common. */
function pickDeclaration({ method, path, summary, teaches, params, body, examples, danger }: DemoRouteBase) {
  return {
    method,
    path,
    summary,
    teaches,
    examples,
    ...(params === undefined ? {} : { params }),
    ...(body === undefined ? {} : { body }),
    ...(danger === undefined ? {} : { danger }),
  };
}

/** The form of evidence that is asked for; undefined where the raw answer of the route is wanted more. */
function wantedForm({ req, query }: Call, raw: readonly string[]): 'json' | 'text' | undefined {
  const asked = (query as { as?: 'json' | 'text' }).as;
  if (asked !== undefined) return asked;
  const best = req.accepts([...raw, 'application/json', 'text/plain']);
  if (best === false || raw.includes(best)) return undefined;
  return best === 'text/plain' ? 'text' : 'json';
}

function equip(call: Call, tools: Tools): DemoCall<never, never, never> {
  // The call is this request's own, and makes some of its fields when they are asked for: it is added to, not copied.
  return Object.assign(call as DemoCall<never, never, never>, { timeline: new Timeline(), tools });
}

function send(call: Call, answer: Answer): void {
  const { req, res } = call;
  if (res.closed || res.headersSent) return;
  const { elapsedMs, cpuMs } = answer.cost;
  res.set('Server-Timing', `total;dur=${elapsedMs}, cpu;dur=${cpuMs}`);
  res.set('Cache-Control', 'no-store');
  if (wantedForm(call, []) === 'text') {
    res.type('text').send(renderText(answer, req.get('host') ?? 'localhost:3000'));
  } else {
    // Indented: the first reader is a person with curl.
    res.type('json').send(`${JSON.stringify(answer, null, 2)}\n`);
  }
}

function refuseDanger({ req }: Call, danger: boolean): void {
  if (!danger) {
    throw new Problem('forbidden', { detail: 'This may end the worker. Set DANGER=on to allow it.' });
  }
  refuseOtherSites(req.headers, req.host);
}
