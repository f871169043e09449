import { z } from 'zod';
import { rejectForeignCaller } from '../../http/foreign-request.ts';
import { Problem } from '../../http/problem.ts';
import { originOf } from '../../manifest/index-page.ts';
import type { Feature } from '../../routes/feature.ts';
import { isMediaResponse, type Call, type Route } from '../../routes/route.ts';
import { answerSchema, ranOn } from './answer/answer.ts';
import { formatParameter, requestedFormat, type Format } from '../../shared/format.ts';
import { renderText } from './answer/terminal.ts';
import type { Demo, DemoCall, DemoRoute, DemoRouteBase, Lesson, Observation, RawRoute } from './demo.ts';
import { contrastCommands } from './contrasts.ts';
import { measureCost } from './measure/cost.ts';
import { Timeline } from './measure/timeline.ts';
import type { DemoResources } from './resources/resources.ts';
import type { Run, RunKind } from './resources/runs.ts';

interface Equipment {
  readonly demo: Demo;
  readonly resources: DemoResources;
  /** Whether routes marked as dangerous may run. */
  readonly danger: boolean;
  /** Those of all demos, to find contrasts in. */
  readonly features: readonly Feature[];
}

/** Converts demos to features: adds what all demos share, which is the shape, cost and formats of the response. */
export function toFeatures(demos: readonly Demo[], resources: DemoResources, danger: boolean): Feature[] {
  const features: Feature[] = [];
  for (const demo of demos) features.push(toFeature({ demo, resources, danger, features }));
  return features;
}

function toFeature(equipment: Equipment): Feature {
  const { demo } = equipment;
  const { id, title, summary, teaches, lookFor, terms, readMore, practices } = demo;
  return {
    id,
    base: `/demos/${id}`,
    title,
    summary,
    description: teaches,
    meta: { teaches, lookFor, terms, readMore, practices },
    guard: 'public',
    routes: demo.routes.map((route) =>
      'send' in route ? fromRawRoute(route, equipment) : fromDemoRoute(route, equipment),
    ),
  };
}

const FORMATS = ['application/json', 'text/plain'];

function fromDemoRoute(route: DemoRoute, equipment: Equipment): Route {
  const schema = answerSchema(route.result);
  const declared: Route = {
    ...describe(route),
    query: toQuery(route.query, true),
    response: schema,
    json: schema,
    produces: FORMATS,
    async handler(call: Call) {
      checkDanger(route, call, equipment);
      const format = requestedFormat(call.req) ?? 'json';
      await inRun(kindOf(route), equipment, call, (run) => {
        const equipped = equip(call, equipment);
        return respond({ route, declared, run, format }, equipped, equipment, () => route.run(equipped));
      });
    },
  };
  return declared;
}

function fromRawRoute(route: RawRoute, equipment: Equipment): Route {
  const { observe, observed, response } = route;
  const own = isMediaResponse(response) ? response.mediaType : 'application/json';
  const evidence = observe !== undefined && observed !== undefined;
  const declared: Route = {
    ...describe(route),
    query: toQuery(route.query, evidence),
    response,
    ...(evidence ? { json: answerSchema(observed) } : {}),
    produces: evidence ? [own, ...FORMATS] : [own],
    async handler(call: Call) {
      checkDanger(route, call, equipment);
      const format = evidence ? requestedFormat(call.req, [own]) : undefined;
      if (format === undefined || observe === undefined) {
        const kind = route.alone === true ? 'alone' : 'stream';
        return inRun(kind, equipment, call, async () => route.send(equip(call, equipment)));
      }
      return inRun(kindOf(route), equipment, call, (run) => {
        const equipped = equip(call, equipment);
        return respond({ route, declared, run, format }, equipped, equipment, () => observe(equipped));
      });
    },
  };
  return declared;
}

/** `undefined` if the route is too brief to count. */
function kindOf({ alone, brief }: DemoRouteBase): RunKind | undefined {
  if (brief === true) return undefined;
  return alone === true ? 'alone' : 'shared';
}

/** Runs `work` as one of the demos that run in this worker. */
async function inRun<T>(
  kind: RunKind | undefined,
  { resources }: Equipment,
  { signal }: Call,
  work: (run: Pick<Run, 'others'>) => Promise<T>,
): Promise<T> {
  if (kind === undefined) return work({ others: 0 });
  const run = await resources.runs.start(kind, signal);
  try {
    return await work(run);
  } finally {
    run.end();
  }
}

/** What the declarations of a demo's route and a feature's route have in common. */
function describe(route: DemoRouteBase) {
  const { method, path, title, summary, teaches, params, body, problems, examples, danger } = route;
  return {
    method,
    path,
    title,
    summary,
    description: teaches,
    ...(danger === undefined ? {} : { warning: 'dangerous' }),
    meta: {
      teaches,
      contrasts: route.contrasts.map((contrast) => `/demos/${contrast}`),
      ...(danger === undefined ? {} : { danger }),
    },
    examples,
    ...(params === undefined ? {} : { params }),
    ...(body === undefined ? {} : { body }),
    ...(problems === undefined ? {} : { problems }),
  };
}

/** The parameters of a route, and no others unless its own schema takes any (`z.looseObject`). */
function toQuery(query: z.ZodObject | undefined, evidence: boolean): z.ZodObject {
  const shape = { ...query?.shape, ...(evidence ? { as: formatParameter } : {}) };
  return query?.def.catchall === undefined ? z.strictObject(shape) : z.object(shape).catchall(z.unknown());
}

function equip(call: Call, { resources }: Equipment): DemoCall<never, never, never> {
  // Extended, not copied: the call belongs to this request alone, and some of its members are lazy.
  return Object.assign(call as DemoCall<never, never, never>, { timeline: new Timeline(), resources });
}

interface Requested {
  readonly route: DemoRouteBase;
  readonly declared: Route;
  readonly run: Pick<Run, 'others'>;
  readonly format: Format;
}

/** Runs a demo and sends its evidence. */
async function respond(
  { route, declared, run, format }: Requested,
  call: DemoCall<never, never, never>,
  { demo, features }: Equipment,
  observe: () => Promise<Observation<unknown>> | Observation<unknown>,
): Promise<void> {
  // All that a demo does is its content, which HEAD is not about.
  if (call.req.method === 'HEAD') {
    call.res.type(format).end();
    return;
  }
  const endCost = measureCost();
  let observation: Observation<unknown>;
  try {
    observation = await observe();
  } catch (error) {
    endCost();
    throw error;
  }
  const { req, res, timeline, query } = call;
  const { spans, leftOut } = timeline;
  const { others } = run;
  const answer = {
    demo: `${demo.id}${route.path}`,
    ranOn: ranOn(),
    result: observation.result,
    ...(spans.length === 0 ? {} : { timeline: [...spans] }),
    ...(leftOut === 0 ? {} : { moreSpans: leftOut }),
    cost: { ...endCost(), ...(others === 0 ? {} : { shared: others }) },
    lesson: others === 0 ? observation.lesson : nameOthers(observation.lesson, others),
    compareWith: contrastCommands(features, { route: declared, query }, originOf(req)),
  };
  if (res.closed || res.headersSent) return;
  const { elapsedMs, cpuMs } = answer.cost;
  res.set('Server-Timing', `total;dur=${elapsedMs}, cpu;dur=${cpuMs}`);
  res.set('Cache-Control', 'no-store');
  if (format === 'text') res.type('text').send(renderText(answer));
  // Indented: the first reader is a person with curl.
  else res.type('json').send(`${JSON.stringify(answer, null, 2)}\n`);
}

/** Adds that the figures are not those of this demo alone. */
function nameOthers({ headline, text }: Lesson, others: number): Lesson {
  const demos = others === 1 ? '1 other demo ran' : `${others} other demos ran`;
  return {
    headline,
    text: `${text} ${demos} in this worker in the meantime: CPU time, memory and delays include ${others === 1 ? 'its' : 'theirs'}.`,
  };
}

function checkDanger(route: DemoRouteBase, { req }: Call, { danger }: Equipment): void {
  if (route.danger !== true) return;
  if (!danger) {
    throw new Problem('forbidden', { detail: 'This may end the worker. Set DANGER=on to allow it.' });
  }
  rejectForeignCaller(req);
}
