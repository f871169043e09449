import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';
import { run } from './evidence.ts';

interface Way {
  readonly way: string;
  readonly value: number;
  readonly lost: number;
  readonly retries: number;
  readonly serializationFailures: number;
}

const service = await useTestApp();
const increment = async (increments: number) =>
  run<{ readonly ways: readonly Way[] }>(service, `lost-update?increments=${increments}`);

test('read-modify-write loses updates; a lock, a version, serializable and one statement do not', async () => {
  const { result, lesson } = await increment(20);
  const [naive, ...others] = result.ways;
  const wayOf = (name: string) => others.find(({ way }) => way === name);

  expect(naive?.lost).toBeGreaterThan(0);
  expect(naive?.value).toBe(20 - (naive?.lost ?? 0));
  expect(others.map(({ value, lost }) => [value, lost])).toEqual(Array.from({ length: 4 }, () => [20, 0]));
  expect(wayOf('for update')?.retries).toBe(0);
  expect(wayOf('version')).toMatchObject({ serializationFailures: 0 });
  expect(wayOf('version')?.retries).toBeGreaterThan(0);
  expect(wayOf('serializable')?.serializationFailures).toBeGreaterThan(0);
  expect(lesson.headline).toBe(`Read-modify-write lost ${naive?.lost} of 20 updates, the others none`);
});

test('the lesson changes if nothing is lost, and the rows of a run are removed', async () => {
  const { lesson } = await increment(1);
  const { rows } = await service.resources.database.query('select id from exemplar_demos.counters');

  expect(lesson.headline).toBe('No update was lost in this run');
  expect(rows).toEqual([]);
});
