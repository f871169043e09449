import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';
import { run } from './evidence.ts';

interface Way {
  readonly statements: number;
  readonly rows: number;
  readonly totalMs: number;
}
interface Ways extends Readonly<Record<'loop' | 'join' | 'any', Way>> {
  readonly sameOrders: boolean;
}

const service = await useTestApp();

test('a loop sends a statement per row, and a join one for all', async () => {
  const { result, lesson } = await run<Ways>(service, 'n-plus-one?customers=100');

  expect(result).toMatchObject({
    loop: { statements: 101, rows: 500 },
    join: { statements: 1, rows: 500 },
    any: { statements: 2, rows: 500 },
    sameOrders: true,
  });
  expect(result.loop.totalMs).toBeGreaterThan(2 * result.join.totalMs);
  expect(lesson.headline).toContain('101 statements took');
});
