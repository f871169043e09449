import type { RequestHandler } from 'express';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { exampleCurl } from './curl.ts';
import {
  describeStream,
  hasContent,
  isMediaAnswer,
  isRedirect,
  isStreamedBody,
  type Feature,
  type Route,
} from './feature.ts';
import { catalogue, PROBLEM_MEDIA_TYPE, type ProblemCode } from './problem.ts';

type JsonObject = Record<string, unknown>;

/** `GET /openapi.json`: the manifest as OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.1 */
export function createOpenApi(features: readonly Feature[]): RequestHandler {
  let document: JsonObject | undefined;
  return function openApi(_req, res) {
    document ??= describeApi(features);
    res.json(document);
  };
}

/** @returns the whole document; schemas are those that check the input */
export function describeApi(features: readonly Feature[]): JsonObject {
  const paths: Record<string, JsonObject> = {};
  const guards = features.flatMap((feature) =>
    feature.routes.flatMap((route) => route.guard ?? feature.guard ?? []),
  );
  for (const feature of features) {
    for (const route of feature.routes) {
      const path = (feature.base + route.path).replace(/:(\w+)/g, '{$1}');
      const operation = describeRoute(feature, route);
      // OpenAPI knows no «all methods»; GET stands for them.
      (paths[path] ??= {})[route.method === 'all' ? 'get' : route.method] = operation;
    }
  }
  return {
    openapi: '3.1.1',
    info: {
      title: packageJson.name,
      version: packageJson.version,
      summary: packageJson.description,
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    tags: features.map(({ id, title, summary }) => ({ name: id, description: `${title}. ${summary}` })),
    paths,
    components: {
      schemas: { Problem: problemSchema },
      ...(guards.length === 0
        ? {}
        : { securitySchemes: Object.fromEntries(guards.map(({ name, scheme }) => [name, scheme])) }),
    },
  };
}

function describeRoute(feature: Feature, route: Route): JsonObject {
  const description = [
    route.teaches, // not in a copy
    ...route.examples.map((example) => `\`${exampleCurl(feature, route, example)}\``),
  ];
  const guard = route.guard ?? feature.guard;
  const ofGuard = guard === undefined ? [] : (['unauthorized', 'forbidden'] as const);
  return {
    operationId: `${route.method} ${feature.base}${route.path}`.replace(
      /\W+(\w)/g,
      (_match, letter: string) => letter.toUpperCase(),
    ),
    tags: [feature.id],
    summary: route.summary,
    description: description.filter(Boolean).join('\n\n'),
    ...(guard === undefined ? {} : { security: [{ [guard.name]: [] }] }),
    parameters: [
      ...describeParameters(route.params, 'path'),
      ...describeParameters(route.query, 'query'),
      ...describeParameters(route.requestHeaders, 'header'),
      ...(isConditional(route) ? [ifNoneMatch] : []),
    ],
    ...(route.body === undefined ? {} : { requestBody: describeBody(route) }),
    responses: {
      [route.success ?? 200]: describeSuccess(route),
      ...(isConditional(route) ? { 304: { description: 'What the caller has is still so.' } } : {}),
      ...describeProblems([...new Set([...ofGuard, ...(route.problems ?? [])])]),
      default: { description: 'A problem', content: problemContent },
    },
    ...(route.danger === undefined ? {} : { 'x-danger': true }), // not in a copy
  };
}

/** Whether a caller who has the answer already is told so, which Express does where it has an entity tag. */
function isConditional({ method, responseHeaders }: Route): boolean {
  return method === 'get' && responseHeaders?.['ETag'] !== undefined;
}

const ifNoneMatch = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The ETag that was seen: the answer comes only if it is another one.',
  schema: { type: 'string' },
};

function describeParameters(
  schema: z.ZodObject | undefined,
  place: 'path' | 'query' | 'header',
): JsonObject[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = toJsonSchema(schema, 'input') as {
    properties?: Record<string, JsonObject>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    ...(typeof property['description'] === 'string' ? { description: property['description'] } : {}),
    schema: property,
  }));
}

function describeBody({ body }: Route): JsonObject {
  if (isStreamedBody(body)) {
    return {
      description: describeStream(body),
      content: { [body.mediaType]: { schema: { type: 'string', format: 'binary' } } },
    };
  }
  return {
    required: true,
    content: { 'application/json': { schema: toJsonSchema(body as z.ZodType, 'input') } },
  };
}

function describeSuccess(route: Route): JsonObject {
  const headers = [
    ...(isRedirect(route) ? [['Location', describeLocation(route)]] : []),
    ...Object.entries(route.responseHeaders ?? {}).map(([name, description]) => [
      name,
      { description, schema: { type: 'string' } },
    ]),
  ];
  return {
    description: route.summary,
    ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) as JsonObject }),
    ...(hasContent(route) ? { content: describeAnswer(route) } : {}),
  };
}

function describeLocation({ response }: Route): JsonObject {
  const schema = isMediaAnswer(response) ? { type: 'string' } : toJsonSchema(response, 'output');
  return { description: 'Where to go instead.', required: true, schema };
}

/** By status, as OpenAPI has it: several codes may share one. */
function describeProblems(codes: readonly ProblemCode[]): JsonObject {
  const byStatus = Map.groupBy(codes, (code) => String(catalogue[code].status));
  return Object.fromEntries(
    [...byStatus].map(([status, shared]) => [
      status,
      {
        description: shared.map((code) => `\`${code}\`: ${catalogue[code].title}`).join('; '),
        content: problemContent,
      },
    ]),
  );
}

function describeAnswer({ response, produces, json: besides }: Route): JsonObject {
  const json = isMediaAnswer(response) ? besides : response;
  const own = isMediaAnswer(response) ? response.mediaType : 'application/json';
  const contents = (produces ?? [own]).map((type) => {
    if (type === 'application/json' && json !== undefined)
      return [type, { schema: toJsonSchema(json, 'output') }];
    const description = isMediaAnswer(response) && type === own ? { description: response.description } : {};
    return [type, { schema: { type: 'string', ...description } }];
  });
  return Object.fromEntries(contents) as JsonObject;
}

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonObject {
  const document: JsonObject = { ...z.toJSONSchema(schema, { io, unrepresentable: 'any' }) };
  delete document['$schema']; // the whole document says it
  return document;
}

const problemContent = { [PROBLEM_MEDIA_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } };

const problemSchema = {
  type: 'object',
  description: 'RFC 9457 problem details',
  required: ['type', 'title', 'status', 'code'],
  properties: {
    type: { type: 'string', format: 'uri-reference' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string' },
    detail: { type: 'string' },
    instance: { type: 'string' },
    requestId: { type: 'string' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['in', 'name', 'message'],
        properties: { in: { type: 'string' }, name: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
};
