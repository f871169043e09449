import { describe, expect, test } from '@jest/globals';
import { taskId } from '../../src/tasks/task.ts';
import { TaskIds, uuidTimestamp } from '../../src/tasks/task-id.ts';

describe('task ids', () => {
  test('are UUIDs of version 7 that hold their time', () => {
    const id = new TaskIds(() => 1_700_000_000_123).next();
    expect(taskId.safeParse(id).success).toBe(true);
    expect(uuidTimestamp(id)).toBe(1_700_000_000_123);
  });

  test('sort in the order in which they were made, within a millisecond and when the clock is set back', () => {
    let now = 1_700_000_000_000;
    const ids = new TaskIds(() => now);
    const made = Array.from({ length: 10_000 }, () => ids.next());
    now -= 60_000;
    made.push(...Array.from({ length: 100 }, () => ids.next()));
    expect(made.toSorted()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
  });
});
