import { setImmediate as nextIteration } from 'node:timers/promises';
import type { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { toJsonSchema } from '../manifest/json-schema.ts';
import type { Feature } from '../routes/feature.ts';
import { describeStream, isMediaResponse, isStreamedBody, type Route } from '../routes/route.ts';
import type { JsonSchema, PageFeature, PageManifest, PageRoute } from './page-data.ts';

/**
 * The manifest for the page: with the schemas of its forms and the meanings of the figures that it draws.
 *
 * Rendering it takes a tenth of a second or more, so other requests run between two features.
 */
export async function describeForPage(features: readonly Feature[]): Promise<PageManifest> {
  const described: PageFeature[] = [];
  for (const feature of features) {
    described.push(describeFeature(feature));
    await nextIteration();
  }
  return { name: packageJson.name, version: packageJson.version, features: described };
}

function describeFeature(feature: Feature): PageFeature {
  const {
    id,
    title,
    summary,
    description,
    routes,
    meta: { lookFor, terms, readMore, practices } = {},
  } = feature;
  return {
    id,
    kind: routes.some(({ meta }) => meta?.teaches !== undefined) ? 'demo' : 'api',
    title,
    summary,
    description,
    lookFor,
    terms: terms ?? [],
    readMore: readMore ?? [],
    practices: practices ?? [],
    routes: routes.map((route) => describeRoute(feature, route)),
  };
}

function describeRoute(feature: Feature, route: Route): PageRoute {
  const { title, summary, response, meta = {} } = route;
  const schema = toSchema(isMediaResponse(response) ? route.json : response, 'output');
  return {
    method: route.method.toUpperCase(),
    path: feature.base + route.path,
    title,
    summary,
    teaches: meta.teaches,
    danger: meta.danger === true,
    contrasts: meta.contrasts ?? [],
    media: isMediaResponse(response) ? response : undefined,
    evidence: schema?.properties?.['lesson'] !== undefined,
    meanings: schema === undefined ? {} : readMeanings(schema),
    params: toSchema(route.params),
    query: toSchema(route.query),
    headers: toSchema(route.requestHeaders),
    ...describeBody(route.body),
    examples: route.examples.map(({ curl: _curl, pipe: _pipe, createdBy, ...example }) =>
      createdBy === undefined
        ? example
        : { ...example, createdBy: `${createdBy.method.toUpperCase()} ${feature.base}${createdBy.path}` },
    ),
  };
}

function describeBody(body: Route['body']): Pick<PageRoute, 'body' | 'stream'> {
  if (body === undefined) return {};
  return isStreamedBody(body)
    ? { stream: { mediaType: body.mediaType, description: describeStream(body) } }
    : { body: toJsonSchema(body, 'input') };
}

function toSchema(schema: z.ZodType | undefined, io: 'input' | 'output' = 'input'): JsonSchema | undefined {
  return schema === undefined ? undefined : toJsonSchema(schema, io);
}

/** The meaning of figures by their name: the descriptions in the schema of the result, at any depth. */
function readMeanings(schema: JsonSchema): Record<string, string> {
  const meanings: Record<string, string> = {};
  const visit = ({ properties = {}, items, anyOf = [], oneOf = [] }: JsonSchema): void => {
    for (const [name, property] of Object.entries(properties)) {
      if (property.description !== undefined) meanings[name] ??= property.description;
      visit(property);
    }
    for (const part of [...(items === undefined ? [] : [items]), ...anyOf, ...oneOf]) visit(part);
  };
  visit(schema.properties?.['result'] ?? schema);
  return meanings;
}
