/** What switches demos off: production, and pages of other sites. */
import { describe, expect, test } from '@jest/globals';
import { createTestApp } from '../support/app.ts';

const isDemo = ({ base }: { readonly base: string }) => base.startsWith('/demos/');

describe('dangerous demos', () => {
  test('are POST, and refused in production unless they are allowed', async () => {
    await using production = await createTestApp({ env: { NODE_ENV: 'production', DEMOS: 'on' } });
    const dangerous = production.features.flatMap((feature) =>
      feature.routes
        .filter(({ danger }) => danger === true)
        .map(({ method, path }) => ({ method, path: feature.base + path })),
    );
    expect(dangerous.length).toBeGreaterThan(0);
    for (const { method, path } of dangerous) {
      expect(method).toBe('post');
      const response = await production.client.post(path);
      expect(response.status).toBe(403);
      expect(response.body).toMatchObject({ code: 'forbidden' });
    }
  });

  test.each([
    ['Sec-Fetch-Site', 'cross-site'],
    ['Origin', 'http://elsewhere'],
  ])('are refused to a page of another site, known by %s', async (header, value) => {
    await using service = await createTestApp();
    const answer = await service.client.post('/demos/failures/uncaught-exception').set(header, value);
    expect(answer.status).toBe(403);
  });
});

describe('all demos', () => {
  test('are off in production unless they are asked for', async () => {
    await using production = await createTestApp({ env: { NODE_ENV: 'production' } });
    expect(production.features.filter(isDemo)).toEqual([]);
    await production.client.get('/demos/cluster/whoami').expect(404);
    await production.client.get('/livez').expect(200);
  });
});
