/** Runs every example of the manifest as it is printed, with a shell and curl, against the real program. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { z } from 'zod';
import { isMediaAnswer, type Example, type Feature, type Route } from '../../src/http/feature.ts';
import { createTestApp } from '../support/app.ts';
import { Curl, printedExamples, type Printed } from '../support/curl.ts';
import { Program, until } from '../support/program.ts';

await using service = await createTestApp();
const examples = printedExamples(service.features);

let program: Program;
let curl: Curl;
beforeAll(async () => {
  // Some examples hold the event loop on purpose: the next one must not be shed for that.
  program = await Program.start({ OVERLOAD_MAX_DELAY_MS: '0' });
  curl = new Curl(program.url);
});
afterAll(async () => {
  curl[Symbol.dispose]();
  await program[Symbol.asyncDispose]();
});

/** The schema that what is printed should satisfy; none where it is text, a file, or cut by the line itself. */
function schemaOf(route: Route, example: Example): z.ZodType | undefined {
  if (example.curl !== undefined || example.pipe !== undefined || example.query?.['as'] === 'text')
    return undefined;
  if (/text\/plain|event-stream/.test(example.headers?.['Accept'] ?? '')) return undefined;
  const asked = example.query?.['as'] === 'json' || example.headers?.['Accept'] === 'application/json';
  if (isMediaAnswer(route.response)) return asked ? route.evidence : undefined;
  return route.response;
}

async function check({ line, route, example }: Printed): Promise<void> {
  const { stdout, status, code } = await curl.run(line);
  expect({ line, code }).toEqual({ line, code: 0 });
  if (status !== undefined) expect({ line, status }).toEqual({ line, status: example.status ?? 200 });
  if ((example.status ?? 200) >= 400) {
    if (example.curl === undefined) expect(JSON.parse(stdout)).toMatchObject({ status: example.status });
    return;
  }
  if (example.query?.['as'] === 'text') {
    for (const text of stdout.split('\n')) expect(text.length).toBeLessThanOrEqual(100);
    expect(stdout).toContain('LESSON');
  }
  const schema = schemaOf(route, example);
  if (schema === undefined || status === 204 || status === 304) return;
  const parsed = schema.safeParse(JSON.parse(stdout));
  expect({ line, faults: parsed.error?.issues ?? [] }).toEqual({ line, faults: [] });
}

describe('every example runs as printed and gives what its route declares', () => {
  const safe = examples.filter(({ route }) => route.danger === undefined);
  test.each(safe.map((entry): [string, typeof entry] => [entry.line, entry]))('%s', (_line, entry) =>
    check(entry),
  );
});

describe('after each dangerous example the service is whole again', () => {
  const dangerous = examples.filter(({ route }) => route.danger === true);
  for (const entry of dangerous) {
    test(entry.line, async () => {
      await program.readyWorkers(2);
      await check(entry);
      await until('two ready workers that answer', async () => {
        const ready = (await program.workers()).filter(({ state }) => state === 'ready');
        const answer = await program.get('/readyz').catch(() => undefined);
        return ready.length === 2 && answer?.status === 200 ? true : undefined;
      });
    });
  }
});

describe('the manifest', () => {
  test('agrees with the index, with OpenAPI and with the router', async () => {
    const features: readonly Feature[] = service.features;
    const index = await (await program.get('/', { headers: { Accept: 'application/json' } })).text();
    const openApi = (await (await program.get('/openapi.json')).json()) as { paths: Record<string, object> };
    const text = await (await program.get('/')).text();
    const paths = features.flatMap((feature) => feature.routes.map((route) => feature.base + route.path));
    for (const path of paths) expect(index).toContain(`"${path}"`);
    expect(Object.keys(openApi.paths)).toEqual([
      ...new Set(paths.map((path) => path.replace(/:(\w+)/g, '{$1}'))),
    ]);
    for (const { line } of examples.filter(({ route, example }) => route.examples[0] === example)) {
      expect(text).toContain(line.replaceAll('localhost:3000', new URL(program.url).host));
    }
  });

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
