import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

interface Way {
  readonly selects: number;
  readonly selectsBlocked: number;
  readonly slowestSelectMs: number;
  readonly attempts: number;
}

const service = await useTestApp();

test('a migration that waits for its lock blocks all readers, one with lock_timeout only for a moment', async () => {
  const response = await service.client
    .get('/demos/database/migrate-lock?transaction=1500&readers=4')
    .expect(200);
  const { waits, retries } = (response.body as { result: { waits: Way; retries: Way } }).result;

  expect(waits).toMatchObject({ selectsBlocked: 4, attempts: 1 });
  expect(retries.attempts).toBeGreaterThan(1);
  expect(retries.slowestSelectMs).toBeLessThan(waits.slowestSelectMs / 2);
  expect(retries.selects).toBeGreaterThan(waits.selects);
});
