import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const { client } = await useTestApp();

interface Evidence {
  readonly cost: { readonly shared?: number };
  readonly lesson: { readonly text: string };
}

async function run(path: string): Promise<Evidence> {
  const response = await client.get(`/demos/${path}`).set('Accept', 'application/json').expect(200);
  return response.body as Evidence;
}

test('a demo knows whether another one ran in the same worker', async () => {
  const alone = await run('http/delay/50');
  const [first, second] = await Promise.all([run('http/delay/300'), run('http/delay/300')]);

  expect(alone.cost.shared).toBeUndefined();
  expect(alone.lesson.text).not.toContain('other demo');
  for (const { cost, lesson } of [first, second]) {
    expect(cost.shared).toBe(1);
    expect(lesson.text).toMatch(/1 other demo ran in this worker in the meantime: .* include its\.$/);
  }
});

test('a demo about the event loop of the process runs alone, after those that run already', async () => {
  const others = [run('http/delay/200'), run('http/delay/200')];
  const starve = await run('event-loop/starve?with=immediate');

  expect(starve.cost.shared).toBeUndefined();
  await Promise.all(others);
});

test('a demo that asks its own service does not count those requests as other demos', async () => {
  expect((await run('cluster/distribution?requests=5')).cost.shared).toBeUndefined();
});
