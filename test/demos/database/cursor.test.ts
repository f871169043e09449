import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';
import { run } from './evidence.ts';

interface Observed {
  readonly rows: number;
  readonly reads: number;
  readonly rowsWhileStalled: number;
  readonly bytes: number;
  readonly firstByteMs: number;
  readonly lastByteMs: number;
}

const service = await useTestApp();

test('a cursor stops for a stalled client, and a result that is read at once does not', async () => {
  await run(service, 'cursor?rows=1'); // builds the tables
  const { result: all, lesson: unbounded } = await run<Observed>(service, 'cursor?way=all&rows=50000');
  const { result: cursor, lesson: bounded } = await run<Observed>(service, 'cursor?way=cursor&rows=50000');

  expect(all).toMatchObject({ rows: 50_000, reads: 1, rowsWhileStalled: 50_000, bytes: cursor.bytes });
  expect(unbounded.headline).toBe('All of 50000 rows were in memory for a stalled client');
  expect(cursor).toMatchObject({ rows: 50_000, reads: 251 });
  expect(cursor.rowsWhileStalled).toBeGreaterThan(0);
  expect(cursor.rowsWhileStalled).toBeLessThan(all.rowsWhileStalled / 4);
  expect(bounded.headline).toMatch(/^A stalled client stopped the query at/);
  expect(cursor.firstByteMs / cursor.lastByteMs).toBeLessThan(all.firstByteMs / all.lastByteMs);
});

test('a small result does not tell', async () => {
  const { lesson } = await run<Observed>(service, 'cursor?rows=300');

  expect(lesson.headline).toMatch(/too few to tell$/);
});

test('sends one order per line', async () => {
  const { text } = await service.client
    .get('/demos/database/cursor?rows=450')
    .buffer(true)
    .expect('Content-Type', /x-ndjson/)
    .expect(200);
  const lines = text.trimEnd().split('\n');

  expect(lines).toHaveLength(450);
  expect(JSON.parse(lines[449] ?? '')).toMatchObject({ id: 450, customer_id: 451 });
});
