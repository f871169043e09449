import { setImmediate as nextTurn } from 'node:timers/promises';
import { z } from 'zod';
import packageJson from '../../package.json' with { type: 'json' };
import { describeStream, isMediaAnswer, isStreamedBody, type Feature, type Route } from '../http/feature.ts';
import type { JsonSchema, PageFeature, PageManifest, PageRoute } from './client/shapes.ts';

/**
 * The manifest as the page needs it: with the schemas its forms are made of, and the words for what it draws.
 *
 * It takes a tenth of a second and more, so others get their turn between two features.
 */
export async function describeForPage(features: readonly Feature[]): Promise<PageManifest> {
  const described: PageFeature[] = [];
  for (const feature of features) {
    described.push(describeFeature(feature));
    await nextTurn();
  }
  return { name: packageJson.name, version: packageJson.version, features: described };
}

function describeFeature(feature: Feature): PageFeature {
  return {
    id: feature.id,
    kind: feature.routes.some(({ teaches }) => teaches !== undefined) ? 'demo' : 'api',
    title: feature.title,
    summary: feature.summary,
    ...(feature.description === undefined ? {} : { description: feature.description }),
    practices: feature.practices ?? [],
    routes: feature.routes.map((route) => describeRoute(feature, route)),
  };
}

function describeRoute(feature: Feature, route: Route): PageRoute {
  const answer = isMediaAnswer(route.response) ? route.json : route.response;
  const schema = answer === undefined ? undefined : toJsonSchema(answer, 'output');
  return {
    method: route.method.toUpperCase(),
    path: feature.base + route.path,
    summary: route.summary,
    ...(route.teaches === undefined ? {} : { teaches: route.teaches }),
    danger: route.danger === true,
    contrasts: route.contrasts ?? [],
    ...(isMediaAnswer(route.response) ? { media: route.response } : {}),
    evidence: schema?.properties?.['lesson'] !== undefined,
    meanings: schema === undefined ? {} : readMeanings(schema),
    ...(route.params === undefined ? {} : { params: toJsonSchema(route.params, 'input') }),
    ...(route.query === undefined ? {} : { query: toJsonSchema(route.query, 'input') }),
    ...(route.requestHeaders === undefined ? {} : { headers: toJsonSchema(route.requestHeaders, 'input') }),
    ...describeBody(route.body),
    examples: route.examples.map(({ title, params, query, headers, body, stdin, method, status }) => ({
      title,
      ...(params === undefined ? {} : { params }),
      ...(query === undefined ? {} : { query }),
      ...(headers === undefined ? {} : { headers }),
      ...(body === undefined ? {} : { body }),
      ...(stdin === undefined ? {} : { stdin }),
      ...(method === undefined ? {} : { method }),
      ...(status === undefined ? {} : { status }),
    })),
  };
}

function describeBody(body: Route['body']): Pick<PageRoute, 'body' | 'stream'> {
  if (body === undefined) return {};
  return isStreamedBody(body)
    ? { stream: { mediaType: body.mediaType, description: describeStream(body) } }
    : { body: toJsonSchema(body, 'input') };
}

function toJsonSchema(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  // The whole manifest is of one dialect, and a form has no use for its name.
  const { $schema: _dialect, ...document } = z.toJSONSchema(schema, { io, unrepresentable: 'any' });
  return document as JsonSchema;
}

/** What figures mean, by their name: the descriptions in the schema of the result, however deep. */
function readMeanings(schema: JsonSchema): Record<string, string> {
  const meanings: Record<string, string> = {};
  const visit = (node: JsonSchema | undefined): void => {
    for (const [name, property] of Object.entries(node?.properties ?? {})) {
      if (property.description !== undefined) meanings[name] ??= property.description;
      visit(property);
    }
    for (const part of [node?.items, ...(node?.anyOf ?? []), ...(node?.oneOf ?? [])]) if (part) visit(part);
  };
  visit(schema.properties?.['result'] ?? schema);
  return meanings;
}
