/** What disables demos: production, and cross-site requests. */
import { describe, expect, test } from '@jest/globals';
import { createTestApp } from '../support/app.ts';

const isDemo = ({ base }: { readonly base: string }) => base.startsWith('/demos/');

describe('dangerous demos', () => {
  test('are POST routes, and respond with 403 in production by default', async () => {
    await using production = await createTestApp({ env: { NODE_ENV: 'production', DEMOS: 'on' } });
    const dangerous = production.features.flatMap((feature) =>
      feature.routes
        .filter(({ meta }) => meta?.danger === true)
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
    ['Host', 'rebound.example'],
  ])('reject cross-site requests with 403, detected by %s', async (header, value) => {
    await using service = await createTestApp();
    const response = await service.client.post('/demos/failures/uncaught-exception').set(header, value);
    expect(response.status).toBe(403);
  });
});

describe('all demos', () => {
  test('are off in production by default', async () => {
    await using production = await createTestApp({ env: { NODE_ENV: 'production' } });
    expect(production.features.filter(isDemo)).toEqual([]);
    await production.client.get('/demos/cluster/whoami').expect(404);
    await production.client.get('/livez').expect(200);
  });
});
