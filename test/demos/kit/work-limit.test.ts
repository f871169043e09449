import { expect, test } from '@jest/globals';
import { judgeDelay } from '../../../src/demos/kit/measure/delay.ts';
import { rejectLongWork } from '../../../src/demos/kit/work-limit.ts';

test('work over its limit is rejected with a 400 that names the parameters and the limit', () => {
  expect(() => rejectLongWork('block the event loop', 1_000, ['limit'])).not.toThrow();
  expect(() => rejectLongWork('fill the thread pool', 5_001, ['tasks', 'iterations'])).toThrow(
    expect.objectContaining({
      status: 400,
      detail:
        'tasks and iterations would fill the thread pool for about 5001 ms on this machine; at most 5000 ms is allowed',
      errors: [expect.objectContaining({ name: 'tasks' }), expect.objectContaining({ name: 'iterations' })],
    }),
  );
});

test('a delay is judged by its milliseconds', () => {
  expect([0, 10, 11, 50, 99, 100, 5_000].map(judgeDelay)).toEqual([
    'good',
    'good',
    'acceptable',
    'felt',
    'felt',
    'blocked',
    'blocked',
  ]);
});
