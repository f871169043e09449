import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';
import { run } from './evidence.ts';

interface Search {
  readonly rows?: number;
  readonly otherRows?: number;
  readonly errorCode?: string;
  readonly statistics?: {
    readonly differentStatements: number;
    readonly calls: number;
    readonly plans: number;
  };
}

const service = await useTestApp();
const search = async (input: string) =>
  run<Readonly<Record<'concatenated' | 'parameter', Search>>>(service, `parameters?input=${input}`);

test('concatenated input changes the statement, a parameter finds nothing', async () => {
  const alwaysTrue = await search('always-true');
  const union = await search('union');
  const apostrophe = await search('apostrophe');

  expect(alwaysTrue.result).toMatchObject({
    concatenated: { rows: 1_000, otherRows: 1_000 },
    parameter: { rows: 0, otherRows: 0 },
  });
  expect(alwaysTrue.lesson.headline).toBe('Concatenated: 1000 rows; as a parameter: 0 rows');
  expect(union.result).toMatchObject({ concatenated: { rows: 10 }, parameter: { rows: 0 } });
  expect(apostrophe.result).toMatchObject({ concatenated: { errorCode: '42601' }, parameter: { rows: 0 } });
});

test('an ordinary name is found both ways', async () => {
  const { result, lesson } = await search('honest');

  expect(result).toMatchObject({ concatenated: { rows: 1, otherRows: 0 }, parameter: { rows: 1 } });
  expect(lesson.headline).toContain('this input changed nothing');
});

test('the server plans each concatenated statement, and a parameterized one only a few times', async () => {
  const { concatenated, parameter } = (await search('always-true')).result;
  // Another server than that of these tests may not count statements.
  if (concatenated.statistics === undefined || parameter.statistics === undefined) return;

  expect(concatenated.statistics).toEqual({ differentStatements: 2, calls: 21, plans: 21 });
  expect(parameter.statistics).toMatchObject({ differentStatements: 1, calls: 21 });
  expect(parameter.statistics.plans).toBeLessThan(10);
});

test('rejects free text with 400', async () => {
  await service.client.get("/demos/database/parameters?input=' or true").expect(400);
});
