/** What the manifest feeds: the index, OpenAPI and the router agree. */
import { describe, expect, test } from '@jest/globals';
import type { Feature } from '../../src/http/feature.ts';
import { createTestApp } from '../support/app.ts';
import { printedExamples } from '../support/curl.ts';

await using service = await createTestApp();
const examples = printedExamples(service.features);

describe('the manifest', () => {
  test('agrees with the index, with OpenAPI and with the router', async () => {
    const features: readonly Feature[] = service.features;
    const index = (await service.client.get('/').set('Accept', 'application/json')).text;
    const openApi = (await service.client.get('/openapi.json')).body as {
      paths: Record<string, object>;
      tags: object[];
    };
    // OpenAPI 3.1 knows no more of a tag.
    for (const tag of openApi.tags) expect(Object.keys(tag)).toEqual(['name', 'description']);
    const text = (await service.client.get('/').set('Host', 'localhost:3000')).text;
    const paths = features.flatMap((feature) => feature.routes.map((route) => feature.base + route.path));
    for (const path of paths) expect(index).toContain(`"${path}"`);
    expect(Object.keys(openApi.paths)).toEqual([
      ...new Set(paths.map((path) => path.replace(/:(\w+)/g, '{$1}'))),
    ]);
    for (const { line } of examples.filter(({ route, example }) => route.examples[0] === example)) {
      expect(text).toContain(line);
    }
  });

  // not in a copy, down to the next empty line
  test('names only routes that exist as contrasts', () => {
    const paths = service.features.flatMap((feature) =>
      feature.routes.map((route) => feature.base + route.path),
    );
    const contrasts = service.features.flatMap((feature) =>
      feature.routes.flatMap((route) => route.contrasts ?? []),
    );
    for (const contrast of contrasts) {
      const path = contrast.split('?')[0] ?? '';
      expect(paths.some((pattern) => new RegExp(`^${pattern.replace(/:\w+/g, '[^/]+')}$`).test(path))).toBe(
        true,
      );
    }
  });

  test('has no two routes with the same method and path, and an example for each', () => {
    const all = service.features.flatMap((feature) =>
      feature.routes.map((route) => `${route.method} ${feature.base}${route.path}`),
    );
    expect(new Set(all).size).toBe(all.length);
    expect(
      service.features.every((feature) => feature.routes.every((route) => route.examples.length > 0)),
    ).toBe(true);
  });
});
