import type { RequestHandler } from 'express';
import { z } from 'zod';
import {
  createDocument,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponseObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import packageJson from '../../package.json' with { type: 'json' };
import { PROBLEM_MEDIA_TYPE, problemType, type ProblemCode, type ProblemType } from '../http/problem.ts';
import type { Feature } from '../routes/feature.ts';
import {
  describeStream,
  guardsOf,
  hasContent,
  isMediaResponse,
  isRedirect,
  isStreamedBody,
  titleOf,
  type Route,
} from '../routes/route.ts';
import { DEFAULT_ORIGIN, exampleCurl } from './curl.ts';
import { originOf } from './index-page.ts';
import { toJsonSchema } from './json-schema.ts';

type OpenApi = ReturnType<typeof createDocument>;

/** An origin that needs no escaping in JSON or in a shell. */
const PLAIN_ORIGIN = /^[\w.:/[\]-]+$/;

/** `GET /openapi.json`: the manifest as OpenAPI 3.1, https://spec.openapis.org/oas/v3.1.1 */
export function createOpenApi(features: readonly Feature[]): RequestHandler {
  let document: string | undefined;
  return function openApi(req, res) {
    document ??= JSON.stringify(describeApi(features));
    const origin = originOf(req);
    res.type('json');
    res.send(PLAIN_ORIGIN.test(origin) ? document.replaceAll(DEFAULT_ORIGIN, origin) : document);
  };
}

/** @returns the whole document; its schemas are those that check the input */
export function describeApi(features: readonly Feature[]): OpenApi {
  const paths: Record<string, ZodOpenApiPathsObject[string]> = {};
  for (const feature of features) {
    for (const route of feature.routes) {
      const path = (feature.base + route.path).replace(/:(\w+)/g, '{$1}');
      // OpenAPI has no "all methods": GET stands for them.
      const method = route.method === 'all' ? 'get' : route.method;
      paths[path] = { ...paths[path], [method]: describeRoute(feature, route) };
    }
  }
  const guards = features.flatMap((feature) => feature.routes.flatMap((route) => guardsOf(feature, route)));
  return createDocument({
    openapi: '3.1.1',
    info: {
      title: packageJson.name,
      version: packageJson.version,
      summary: packageJson.description,
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    tags: features.map(({ id, title, summary }) => ({ name: id, description: `${title}. ${summary}` })),
    paths,
    ...(guards.length === 0
      ? {}
      : {
          components: {
            securitySchemes: Object.fromEntries(guards.map(({ name, scheme }) => [name, scheme as never])),
          },
        }),
  });
}

function describeRoute(feature: Feature, route: Route): ZodOpenApiOperationObject {
  const { summary, description, meta = {}, params, query, requestHeaders } = route;
  const guards = guardsOf(feature, route);
  const examples = route.examples.map((example) => `\`${exampleCurl(feature, route, example)}\``);
  return {
    operationId: `${route.method} ${feature.base}${route.path}`.replace(
      /\W+(\w)/g,
      (_match, letter: string) => letter.toUpperCase(),
    ),
    tags: [feature.id],
    summary: titleOf(route),
    description: [summary, description, ...examples].filter(Boolean).join('\n\n'),
    ...(guards.length === 0
      ? {}
      : { security: guards.map(({ name, scopes = [] }) => ({ [name]: [...scopes] })) }),
    requestParams: {
      ...(params === undefined ? {} : { path: params }),
      ...(query === undefined ? {} : { query }),
      ...(requestHeaders === undefined ? {} : { header: requestHeaders }),
    },
    ...(isConditional(route) ? { parameters: [ifNoneMatch] } : {}),
    ...(route.body === undefined ? {} : { requestBody: describeBody(route, route.body) }),
    responses: describeResponses(feature, route),
    ...Object.fromEntries(Object.entries(meta).map(([name, value]) => [`x-${name}`, value as unknown])),
  };
}

/** Whether a caller that already has the response gets a 304, which Express sends if there is an entity tag. */
function isConditional({ method, responseHeaders }: Route): boolean {
  return method === 'get' && responseHeaders?.['ETag'] !== undefined;
}

const ifNoneMatch = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'The last ETag received: the response is 304 if it is still current.',
  schema: { type: 'string' },
} as const;

/** With the body of the first example that has one: a generated one is noise, and may be invalid. */
function describeBody(
  { examples }: Route,
  body: NonNullable<Route['body']>,
): NonNullable<ZodOpenApiOperationObject['requestBody']> {
  if (!isStreamedBody(body)) {
    const example = examples.find((one) => one.body !== undefined && (one.status ?? 200) < 400)?.body;
    const content = { schema: body, ...(example === undefined ? {} : { example }) };
    return { required: true, content: { 'application/json': content } };
  }
  return {
    description: describeStream(body),
    content: { [body.mediaType]: { schema: { type: 'string', format: 'binary' } } },
  };
}

function describeResponses(feature: Feature, route: Route): ZodOpenApiResponsesObject {
  const guarded = guardsOf(feature, route).length === 0 ? [] : (['unauthorized', 'forbidden'] as const);
  const problems = [...guarded, ...(route.problems ?? []), ...(feature.problems ?? [])].map(problemType);
  const responses: Record<string, ZodOpenApiResponseObject> = {
    [route.success ?? 200]: describeSuccess(route),
    ...(isConditional(route) ? { 304: { description: 'The caller already has the current version.' } } : {}),
    default: { description: 'An error', content: problemContent('internal-error') },
  };
  // OpenAPI lists responses by status, which several codes may share.
  for (const [status, shared] of Map.groupBy(problems, (problem) => String(problem.status))) {
    const byCode = new Map(shared.map(({ code, title }) => [code, `\`${code}\`: ${title}`]));
    const [first = 'internal-error'] = shared;
    responses[status] = { description: [...byCode.values()].join('; '), content: problemContent(first) };
  }
  return responses;
}

function describeSuccess(route: Route): ZodOpenApiResponseObject {
  const { response, responseHeaders = {} } = route;
  const location = {
    description: 'The URL to go to.',
    required: true,
    schema: isMediaResponse(response) ? { type: 'string' as const } : toJsonSchema(response, 'output'),
  };
  const headers = {
    ...(isRedirect(route) ? { Location: location } : {}),
    ...Object.fromEntries(
      Object.entries(responseHeaders).map(([name, description]) => [
        name,
        { description, schema: { type: 'string' as const } },
      ]),
    ),
  };
  return {
    description: route.summary,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
    ...(hasContent(route) ? { content: describeContent(route) } : {}),
  };
}

function describeContent({
  response,
  produces,
  json,
}: Route): NonNullable<ZodOpenApiResponseObject['content']> {
  const own = isMediaResponse(response) ? response.mediaType : 'application/json';
  const jsonSchema = isMediaResponse(response) ? json : response;
  const contents = (produces ?? [own]).map((type) => {
    if (type === 'application/json' && jsonSchema !== undefined) return [type, { schema: jsonSchema }];
    const description =
      isMediaResponse(response) && type === own ? { description: response.description } : {};
    return [type, { schema: { type: 'string', ...description } }];
  });
  return Object.fromEntries(contents) as NonNullable<ZodOpenApiResponseObject['content']>;
}

const problemSchema = z
  .looseObject({
    type: z.string().meta({ format: 'uri-reference' }),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().optional(),
    instance: z.string().optional(),
    requestId: z.string().optional(),
    errors: z.array(z.looseObject({ in: z.string(), name: z.string(), message: z.string() })).optional(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457 problem details' });

/** With an example: without one, Swagger UI shows `"status": 0`. */
function problemContent(kind: ProblemCode | ProblemType) {
  const { code, status, title } = problemType(kind);
  const example = { type: `/problems#${code}`, title, status, code, instance: '/…', requestId: '…' };
  return { [PROBLEM_MEDIA_TYPE]: { schema: problemSchema, example } };
}
