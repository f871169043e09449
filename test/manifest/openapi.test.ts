import { expect, test } from '@jest/globals';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

interface Operation {
  readonly summary: string;
  readonly description: string;
  readonly requestBody?: { readonly content: Record<string, { readonly example?: unknown }> };
  readonly responses: Record<string, { readonly content?: Record<string, { readonly example?: unknown }> }>;
}

async function readDocument(host = 'localhost:3000') {
  const response = await service.client.get('/openapi.json').set('Host', host).expect(200);
  return {
    text: response.text,
    paths: (response.body as { paths: Record<string, Record<string, Operation>> }).paths,
  };
}

test('the commands of the OpenAPI document request the host that the caller used', async () => {
  const { text } = await readDocument('here.example:81');
  expect(text).toContain('curl -s here.example:81/');
  expect(text).not.toContain('localhost:3000');
  // Not one that would end the string or the command.
  expect((await readDocument('[::1]:4300')).text).toContain('[::1]:4300/');
});

test('a JSON body has the example of its route, and each error response one of its status', async () => {
  const { paths } = await readDocument();
  const create = paths['/tasks']?.['post'];
  expect(create?.requestBody?.content['application/json']?.example).toMatchObject({
    title: expect.any(String),
  });
  const statuses = Object.values(paths).flatMap((methods) =>
    Object.values(methods).flatMap(({ responses }) =>
      Object.entries(responses)
        .filter(([status]) => Number(status) >= 400)
        .map(([status, { content }]) => [
          Number(status),
          (content?.['application/problem+json']?.example as { status: number } | undefined)?.status,
        ]),
    ),
  );
  expect(statuses.length).toBeGreaterThan(5);
  for (const [declared, shown] of statuses) expect(shown).toBe(declared);
});

test('a dangerous operation says so in its title, in OpenAPI and in the index', async () => {
  const { paths } = await readDocument();
  expect(paths['/demos/failures/kill']?.['post']?.summary).toMatch(/ \(dangerous\)$/);
  expect(paths['/demos/event-loop/block']?.['get']?.summary).not.toContain('dangerous');
  const { text } = await service.client.get('/').set('Accept', '*/*');
  expect(text).toMatch(/# .+ \(dangerous\)\n {2}curl .+\/demos\/failures\/kill/);
});
