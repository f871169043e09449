import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';
import { run } from './evidence.ts';

interface Way {
  readonly reusedPlans: number;
}

const service = await useTestApp();
const prepare = async () => run<Readonly<Record<'unnamed' | 'named', Way>>>(service, 'prepared');

test('the server reuses one plan for most runs of a named statement', async () => {
  const { result, lesson } = await prepare();

  expect(result.unnamed.reusedPlans).toBe(0);
  expect(result.named.reusedPlans).toBe(295);
  expect(lesson.text).toContain('295 of the named reused a plan');
});

test('the lesson changes if the server plans each run', async () => {
  const { database } = service.resources;
  const { rows } = await database.query<{ name: string }>('select current_database() as name');
  await database.query(`alter database ${rows[0]?.name} set plan_cache_mode = force_custom_plan`);
  const { result, lesson } = await prepare();

  expect(result.named.reusedPlans).toBe(0);
  expect(lesson.headline).toBe('The server reused no plan in this run');
});
