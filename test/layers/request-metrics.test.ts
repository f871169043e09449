import { expect, test } from '@jest/globals';
import { useTestApp } from '../support/use-test-app.ts';
import { probe } from './probe-feature.ts';

const service = await useTestApp({ features: [probe] });

test('counts a request by route pattern, method and status', async () => {
  await service.client.get('/probe/small').expect(200);
  await service.client.post('/problems').expect(405);
  await service.client.get('/not/there').expect(404);
  const text = await service.metrics.registry.metrics();
  const counted = (method: string, route: string, status: number) =>
    text.includes(
      `http_request_duration_seconds_count{method="${method}",route="${route}",status="${status}"} 1`,
    );
  expect(counted('GET', '/probe/small', 200)).toBe(true);
  expect(counted('POST', '/problems', 405)).toBe(true);
  expect(counted('GET', 'none', 404)).toBe(true);
  expect(text).not.toContain('/not/there');
});
