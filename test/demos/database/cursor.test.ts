import { expect, test } from '@jest/globals';
import { until } from '../../support/program.ts';
import { useTestApp } from '../../support/use-test-app.ts';
import { run } from './evidence.ts';

interface Observed {
  readonly rows: number;
  readonly reads: number;
  readonly rowsAhead: number;
  readonly bytes: number;
  readonly firstByteMs: number;
  readonly lastByteMs: number;
  readonly peakMemoryBytes: number;
}

const service = await useTestApp();

test('a cursor needs a fraction of the memory, and sends its first row earlier', async () => {
  await run(service, 'cursor?rows=1'); // builds the tables
  // Repeated: the peak includes garbage that the collector has not come to yet.
  await until('less memory and an earlier first row', async () => {
    const { result: all } = await run<Observed>(service, 'cursor?way=all&rows=50000');
    const { result: cursor } = await run<Observed>(service, 'cursor?way=cursor&rows=50000');

    expect(all).toMatchObject({ rows: 50_000, reads: 1, rowsAhead: 50_000, bytes: cursor.bytes });
    expect(cursor).toMatchObject({ rows: 50_000, reads: 251 });
    expect(cursor.rowsAhead).toBeLessThan(all.rowsAhead / 10);
    const saved = all.peakMemoryBytes > 2 * cursor.peakMemoryBytes;
    const earlier = cursor.firstByteMs / cursor.lastByteMs < all.firstByteMs / all.lastByteMs;
    return (saved && earlier) || undefined;
  });
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
