import { z } from 'zod';
import { rejectForeignCaller } from '../../http/foreign-request.ts';
import { Problem } from '../../http/problem.ts';
import { hostOf } from '../../manifest/index-page.ts';
import type { Feature } from '../../routes/feature.ts';
import { isMediaResponse, type Call, type Route } from '../../routes/route.ts';
import { answerSchema, ranOn } from './answer/answer.ts';
import { formatParameter, requestedFormat, type Format } from './answer/format.ts';
import { renderText } from './answer/terminal.ts';
import type { Demo, DemoCall, DemoRoute, DemoRouteBase, Observation, RawRoute } from './demo.ts';
import { measureCost } from './measure/cost.ts';
import { Timeline } from './measure/timeline.ts';
import type { DemoResources } from './resources/resources.ts';

interface Equipment {
  readonly demo: Demo;
  readonly resources: DemoResources;
  /** Whether routes marked as dangerous may run. */
  readonly danger: boolean;
}

/** Converts a demo to a feature: adds what all demos share, which is the shape, cost and formats of the response. */
export function toFeature(demo: Demo, resources: DemoResources, danger: boolean): Feature {
  const { id, title, summary, teaches, lookFor, terms, readMore, practices } = demo;
  const equipment = { demo, resources, danger };
  return {
    id,
    base: `/demos/${id}`,
    title,
    summary,
    description: teaches,
    meta: { teaches, lookFor, terms, readMore, practices },
    routes: demo.routes.map((route) =>
      'send' in route ? fromRawRoute(route, equipment) : fromDemoRoute(route, equipment),
    ),
  };
}

const FORMATS = ['application/json', 'text/plain'];

function fromDemoRoute(route: DemoRoute, equipment: Equipment): Route {
  const schema = answerSchema(route.result);
  return {
    ...describe(route),
    query: toQuery(route.query, true),
    response: schema,
    json: schema,
    produces: FORMATS,
    async handler(call: Call) {
      checkDanger(route, call, equipment);
      const equipped = equip(call, equipment);
      await respond(route, equipped, equipment, requestedFormat(call.req) ?? 'json', () =>
        route.run(equipped),
      );
    },
  };
}

function fromRawRoute(route: RawRoute, equipment: Equipment): Route {
  const { observe, observed, response } = route;
  const own = isMediaResponse(response) ? response.mediaType : 'application/json';
  const evidence = observe !== undefined && observed !== undefined;
  return {
    ...describe(route),
    query: toQuery(route.query, evidence),
    response,
    ...(evidence ? { json: answerSchema(observed) } : {}),
    produces: evidence ? [own, ...FORMATS] : [own],
    async handler(call: Call) {
      checkDanger(route, call, equipment);
      const equipped = equip(call, equipment);
      const format = evidence ? requestedFormat(call.req, [own]) : undefined;
      if (format === undefined || observe === undefined) return route.send(equipped);
      return respond(route, equipped, equipment, format, () => observe(equipped));
    },
  };
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

/** Runs a demo and sends its evidence. */
async function respond(
  route: DemoRouteBase,
  call: DemoCall<never, never, never>,
  { demo }: Equipment,
  format: Format,
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
  const { req, res, timeline } = call;
  const { spans, leftOut } = timeline;
  const answer = {
    demo: `${demo.id}${route.path}`,
    ranOn: ranOn(),
    result: observation.result,
    ...(spans.length === 0 ? {} : { timeline: [...spans] }),
    ...(leftOut === 0 ? {} : { moreSpans: leftOut }),
    cost: endCost(),
    lesson: observation.lesson,
    compareWith: route.contrasts.map((contrast) => `/demos/${contrast}`),
  };
  if (res.closed || res.headersSent) return;
  const { elapsedMs, cpuMs } = answer.cost;
  res.set('Server-Timing', `total;dur=${elapsedMs}, cpu;dur=${cpuMs}`);
  res.set('Cache-Control', 'no-store');
  if (format === 'text') res.type('text').send(renderText(answer, hostOf(req)));
  // Indented: the first reader is a person with curl.
  else res.type('json').send(`${JSON.stringify(answer, null, 2)}\n`);
}

function checkDanger(route: DemoRouteBase, { req }: Call, { danger }: Equipment): void {
  if (route.danger !== true) return;
  if (!danger) {
    throw new Problem('forbidden', { detail: 'This may end the worker. Set DANGER=on to allow it.' });
  }
  rejectForeignCaller(req);
}
