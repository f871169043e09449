/** Checks the manifest, and that the index and OpenAPI show all of it. */
import { describe, expect, test } from '@jest/globals';
import { printedExamples } from '../support/curl.ts';
import { useTestApp } from '../support/use-test-app.ts';

const { client, features } = await useTestApp();
const routes = features.flatMap((feature) =>
  feature.routes.map((route) => ({ route, path: feature.base + route.path })),
);
const paths = routes.map(({ path }) => path);

describe('the manifest', () => {
  test('is complete in the index and in OpenAPI', async () => {
    const index = (await client.get('/').set('Accept', 'application/json')).text;
    const openApi = (await client.get('/openapi.json')).body as {
      paths: Record<string, object>;
      tags: object[];
    };
    // OpenAPI 3.1 does not allow a feature's other fields in a tag.
    for (const tag of openApi.tags) expect(Object.keys(tag)).toEqual(['name', 'description']);
    const text = (await client.get('/').set('Host', 'localhost:3000')).text;
    for (const path of paths) expect(index).toContain(`"${path}"`);
    expect(Object.keys(openApi.paths)).toEqual([
      ...new Set(paths.map((path) => path.replace(/:(\w+)/g, '{$1}'))),
    ]);
    const first = printedExamples(features).filter(({ route, example }) => route.examples[0] === example);
    for (const { command } of first) expect(text).toContain(command);
  });

  // template: omit until blank line
  test('names only existing routes as contrasts', () => {
    const patterns = paths.map((path) => new RegExp(`^${path.replace(/:\w+/g, '[^/]+')}$`));
    const contrasts = routes.flatMap(({ route }) => route.meta?.contrasts ?? []);
    const exists = (contrast: string) =>
      patterns.some((pattern) => pattern.test(contrast.split('?')[0] ?? ''));
    expect(contrasts.filter((contrast) => !exists(contrast))).toEqual([]);
  });

  test('has no two routes with the same method and path, and an example for each', () => {
    const names = routes.map(({ route, path }) => `${route.method} ${path}`);
    expect(new Set(names).size).toBe(names.length);
    expect(routes.filter(({ route }) => route.examples.length === 0)).toEqual([]);
  });
});
