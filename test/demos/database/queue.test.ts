import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

interface Row {
  readonly way: string;
  readonly done: number;
  readonly doneAgain: number;
  readonly mostWaiting: number;
  readonly takeMs: number;
}

const service = await useTestApp();

test('without a lock jobs are done twice, plain locks wait, and skip locked does neither', async () => {
  const response = await service.client.get('/demos/database/queue?workers=4&jobs=40').expect(200);
  const { ways } = (response.body as { result: { ways: Row[] } }).result;
  const [naive, waits, skips] = ways as [Row, Row, Row];

  expect(ways.map(({ way }) => way)).toEqual(['select-then-update', 'for-update', 'skip-locked']);
  expect(naive.doneAgain).toBeGreaterThan(0);
  expect(waits).toMatchObject({ done: 40, doneAgain: 0 });
  expect(waits.mostWaiting).toBeGreaterThan(1);
  expect(skips).toMatchObject({ done: 40, doneAgain: 0, mostWaiting: 0 });
  expect(skips.takeMs).toBeLessThan(waits.takeMs / 2);
});
