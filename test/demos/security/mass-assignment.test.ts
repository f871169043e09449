import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

async function run(body: object) {
  const response = await service.client.post('/demos/security/mass-assignment').send(body).expect(200);
  return response.body as {
    result: { ways: { way: string; changed: string[]; seized: string[]; rejected: boolean }[] };
    lesson: { headline: string; text: string };
  };
}

test('security/mass-assignment seizes fields by every list but that of the schema', async () => {
  const { result, lesson } = await run({
    name: 'Eve',
    role: 'admin',
    credit: 9,
    verified: true,
    isStaff: true,
  });
  expect(Object.fromEntries(result.ways.map(({ way, seized }) => [way, seized]))).toEqual({
    spread: ['role', 'credit', 'verified', 'isStaff'],
    'without role': ['credit', 'verified', 'isStaff'],
    'known fields': ['role', 'credit', 'verified'],
    schema: [],
    'strict schema': [],
  });
  expect(result.ways.map(({ changed }) => changed.join())).toEqual(['name', 'name', 'name', 'name', '']);
  expect(result.ways.filter(({ rejected }) => rejected).map(({ way }) => way)).toEqual(['strict schema']);
  expect(lesson.headline).toBe('Spread let the caller set 4 fields, the schema 0');
});

test('security/mass-assignment does not claim an attack where there is none', async () => {
  const { result, lesson } = await run({ name: 'Eve', role: 'member' }); // the role that is stored
  expect(result.ways.flatMap(({ seized }) => seized)).toEqual([]);
  expect(lesson.headline).toBe('This body seized nothing, whatever the way');
  expect((await run({})).lesson.text).toContain('no fields');
});
