import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';
import { run } from './evidence.ts';

interface Way {
  readonly fromCents: number;
  readonly toCents: number;
  readonly missingCents: number;
  readonly crash: string;
}

const service = await useTestApp();

test('a crash between two writes loses money without a transaction, and none with one', async () => {
  const { result, lesson } = await run<Readonly<Record<'separate' | 'transaction', Way>>>(
    service,
    'transaction?amountCents=300',
  );
  const { rows } = await service.resources.database.query('select id from exemplar_demos.accounts');

  expect(result.separate).toEqual({ fromCents: 9_700, toCents: 0, missingCents: 300, crash: '57P01' });
  expect(result.transaction).toEqual({ fromCents: 10_000, toCents: 0, missingCents: 0, crash: '57P01' });
  expect(lesson.headline).toBe('Without a transaction 3.00 disappeared; with one, nothing');
  expect(rows).toEqual([]);
});
