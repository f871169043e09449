import { z } from 'zod';
import type { Call, Feature, Route } from '../http/feature.ts';
import { hostOf } from '../http/index-page.ts';
import { refuseOtherSites } from '../http/other-sites.ts';
import { Problem } from '../http/problem.ts';
import type { Demo, DemoCall, DemoRoute, DemoRouteBase, RawRoute } from './demo.ts';
import { answerSchema, whereThisRan, type Answer } from './evidence/answer.ts';
import { measureCost } from './evidence/cost.ts';
import { renderText } from './evidence/text.ts';
import { Timeline } from './evidence/timeline.ts';
import type { Tools } from './work/tools.ts';

const form = z
  .enum(['json', 'text'], { error: 'must be json or text' })
  .optional()
  .describe('The form of the answer');

/**
 * Makes a feature of a demo: the shape of the answer, its cost, its text form and its headers are made here, the same
 * for all.
 */
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
      } catch (error) {
        endCost();
        throw error;
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
    res.type('text').send(renderText(answer, hostOf(req)));
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
