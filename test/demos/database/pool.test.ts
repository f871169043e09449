import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';
import { run } from './evidence.ts';

interface Way {
  readonly connections: number;
  readonly served: number;
  readonly refused: number;
  readonly waitedMaxMs: number;
  readonly statementP50Ms: number;
  readonly totalMs: number;
  readonly waitingMax: number;
}
interface Pools {
  readonly ways: readonly [Way, Way, Way, Way];
  readonly refusal?: { readonly status: number; readonly retryAfter: string };
}

const service = await useTestApp();

test('callers wait for one connection, statements wait for each other on 20, an exhausted pool refuses', async () => {
  const { result } = await run<Pools>(service, 'pool?statements=40');
  const [one, four, many, exhausted] = result.ways;

  expect([one, four, many].map(({ served, refused }) => [served, refused])).toEqual(
    Array.from({ length: 3 }, () => [40, 0]),
  );
  expect([one, four, many].map(({ waitingMax }) => waitingMax)).toEqual([39, 36, 20]);
  expect(many.statementP50Ms).toBeGreaterThan(2 * one.statementP50Ms);
  expect(exhausted.refused).toBeGreaterThan(0);
  expect(exhausted.served + exhausted.refused).toBe(40);
  expect(exhausted.waitedMaxMs).toBeLessThan(one.waitedMaxMs);
  expect(result.refusal).toMatchObject({ status: 503, retryAfter: '1' });
});

test('no caller is refused if there are no more statements than connections', async () => {
  const { result, lesson } = await run<Pools>(service, 'pool?statements=2');

  expect(result.ways.map(({ refused, waitingMax }) => [refused, waitingMax])).toEqual([
    [0, 1],
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  expect(result.refusal).toBeUndefined();
  expect(lesson.text).toContain('none was refused');
});
