import { describe, expect, test } from '@jest/globals';
import type { Response } from 'supertest';
import type { Task } from '../../src/tasks/task.ts';
import { createTestApp, type TestApp } from '../support/app.ts';

const sets = [{ load: () => import('../../src/tasks/create.ts') }];

interface Page {
  readonly items: Task[];
  readonly next?: string;
}
type PageResponse = Pick<Response, 'body'> & { readonly headers: Readonly<Record<string, string>> };

async function createTask({ client }: TestApp, title: string): Promise<Task> {
  return (await client.post('/tasks').send({ title }).expect(201)).body as Task;
}

/** A service with one task for each title. */
async function startWithTasks(...titles: readonly string[]): Promise<TestApp> {
  const service = await createTestApp({ sets });
  for (const title of titles) await createTask(service, title);
  return service;
}

async function getPage({ client }: TestApp, query = ''): Promise<Page> {
  return (await client.get(`/tasks${query}`).expect(200)).body as Page;
}

describe('the list of tasks', () => {
  test('has every task once, oldest first, even if tasks change between two pages', async () => {
    const titles = ['a', 'b', 'c', 'd', 'e'];
    await using service = await createTestApp({ sets });
    const created: Task[] = [];
    for (const title of titles) created.push(await createTask(service, title));

    const first = await getPage(service, '?limit=2');
    expect(first.items).toEqual(created.slice(0, 2));
    await service.client.delete(`/tasks/${created[1]?.id}`).set('If-Match', '*').expect(204);
    await createTask(service, 'f');

    const listed = first.items.map(({ title }) => title);
    let path: string | undefined = `/tasks?limit=2&cursor=${first.next}`;
    while (path !== undefined) {
      const response: PageResponse = await service.client.get(path).expect(200);
      listed.push(...(response.body as Page).items.map(({ title }) => title));
      path = /<([^>]+)>; rel="next"/.exec(response.headers['link'] ?? '')?.[1];
    }
    expect(listed).toEqual([...titles, 'f']);
  });

  test('is empty without tasks', async () => {
    await using service = await startWithTasks();
    expect(await getPage(service)).toEqual({ items: [] });
  });

  test('names no next page on its last page', async () => {
    await using service = await startWithTasks('one');
    const only = await service.client.get('/tasks?limit=1').expect(200);
    expect(only.body).not.toHaveProperty('next');
    expect(only.headers['link']).toBeUndefined();
  });

  test('rejects a valid cursor followed by other characters with 400', async () => {
    await using service = await startWithTasks('one', 'two');
    const { next } = await getPage(service, '?limit=1');
    await service.client.get(`/tasks?cursor=${next}`).expect(200);
    await service.client.get(`/tasks?cursor=${next}!!`).expect(400);
  });

  const invalid = [
    'limit=0',
    'limit=101',
    'limit=x',
    'cursor=nonsense',
    `cursor=${'A'.repeat(500)}`,
    'page=2',
  ];
  test.each(invalid.map((query) => [query.slice(0, 20), query]))(
    'rejects %s with 400',
    async (_short, query) => {
      await using service = await startWithTasks();
      const rejected = await service.client.get(`/tasks?${query}`).expect(400);
      expect(rejected.body).toMatchObject({ code: 'invalid-input', errors: [{ in: 'query' }] });
    },
  );
});
