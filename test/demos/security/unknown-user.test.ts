import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

test('security/unknown-user: only the same hash for all takes the same time for an unknown name', async () => {
  const response = await service.client.get('/demos/security/unknown-user?attempts=15').expect(200);
  const { result, lesson } = response.body as {
    result: { rows: readonly { ratio: number; reveals: boolean }[] };
    lesson: { headline: string };
  };
  const [early, cheaper, anyway] = result.rows;

  expect(early?.ratio).toBeGreaterThan(5);
  expect(cheaper?.ratio).toBeGreaterThan(1.3);
  expect(anyway?.ratio).toBeGreaterThan(0.7);
  expect(anyway?.ratio).toBeLessThan(1.4);
  expect(lesson.headline).toMatch(/^Returning early revealed accounts by [\d.]+×, hashing anyway did not$/);
});
