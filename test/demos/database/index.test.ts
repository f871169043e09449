import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';
import { run } from './evidence.ts';

interface Scan {
  readonly plan: string;
  readonly index?: string;
  readonly rows: number;
  readonly rowsRemovedByFilter: number;
  readonly heapFetches?: number;
  readonly buffersHit: number;
  readonly buffersRead: number;
}

const service = await useTestApp();
const scans = async () =>
  run<Readonly<Record<'seq' | 'index' | 'covering', Scan>>>(service, 'index?customer=7');
const pages = ({ buffersHit, buffersRead }: Scan) => buffersHit + buffersRead;

test('an index reads a fraction of the pages, and a covering index a fraction of those', async () => {
  const { result, lesson } = await scans();
  const { seq, index, covering } = result;

  expect([seq.rows, index.rows, covering.rows]).toEqual([100, 100, 100]);
  expect(seq).toMatchObject({ plan: 'Seq Scan', rowsRemovedByFilter: 99_900 });
  expect(index).toMatchObject({ index: 'indexed_orders_customer', rowsRemovedByFilter: 0 });
  expect(covering).toMatchObject({ plan: 'Index Only Scan', index: 'indexed_orders_covering' });
  expect(pages(seq)).toBeGreaterThan(10 * pages(index));
  expect(pages(index)).toBeGreaterThan(5 * (pages(covering) - (covering.heapFetches ?? 0)));
  expect(lesson.headline).toContain(`${pages(seq)} pages without an index`);
});

test('the lesson changes when the indexes are missing', async () => {
  const { database } = service.resources;
  await database.query('drop index exemplar_demos.indexed_orders_covering');
  const withoutCovering = await scans();
  await database.query('drop index exemplar_demos.indexed_orders_customer');
  const withoutIndex = await scans();

  expect(withoutCovering.result.covering.plan).not.toContain('Index Only Scan');
  expect(withoutCovering.lesson.headline).toContain('none covered the query');
  expect(withoutIndex.result.index.plan).toBe('Seq Scan');
  expect(withoutIndex.lesson.headline).toBe('The index saved nothing in this run');
});
