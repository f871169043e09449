import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

interface Way {
  readonly seenTwice: number;
  readonly missed: number;
  readonly deepPageBuffers: number;
}

const service = await useTestApp();

async function read(others: string): Promise<{ offset: Way; keyset: Way }> {
  const response = await service.client.get(`/demos/database/pages?others=${others}`).expect(200);
  return (response.body as { result: { offset: Way; keyset: Way } }).result;
}

test('offset pages repeat rows while others insert, keyset pages do not', async () => {
  const { offset, keyset } = await read('insert');

  expect(offset.seenTwice).toBeGreaterThan(0);
  expect(keyset).toMatchObject({ seenTwice: 0, missed: 0 });
  expect(keyset.deepPageBuffers).toBeLessThan(offset.deepPageBuffers / 10);
});

test('offset pages miss rows while others delete, keyset pages do not', async () => {
  const { offset, keyset } = await read('delete');

  expect(offset.missed).toBeGreaterThan(0);
  expect(keyset).toMatchObject({ seenTwice: 0, missed: 0 });
});
