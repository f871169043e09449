import { expect, test } from '@jest/globals';
import { createTestApp } from '../support/app.ts';

test('a draining worker is alive but not ready', async () => {
  await using draining = await createTestApp({ features: [] });
  await draining.client.get('/readyz').expect(200, { status: 'ready' });
  await draining.lifecycle.stop({ reason: 'test', exitCode: 0, keepListening: true });
  await draining.client.get('/readyz').expect(503, { status: 'draining' });
  await draining.client.get('/livez').expect(200);
});

test('a worker is not ready while a check fails or times out, and checks at most once per second', async () => {
  let broken = true;
  let checked = 0;
  await using service = await createTestApp({
    features: [],
    extras: {
      checks: {
        database() {
          checked += 1;
          if (broken) throw new Error('gone');
        },
        queue: () => (broken ? new Promise(() => undefined) : Promise.resolve()),
      },
    },
  });
  const responses = await Promise.all([1, 2, 3].map(() => service.client.get('/readyz')));
  for (const { status, body } of responses) {
    expect(status).toBe(503);
    expect(body).toEqual({ status: 'unavailable', failing: ['database', 'queue'] });
  }
  expect(checked).toBe(1);
  await service.client.get('/livez').expect(200);

  broken = false;
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  await service.client.get('/readyz').expect(200, { status: 'ready' });
});
