import { expect, test } from '@jest/globals';
import { Timeline } from '../../../../src/demos/kit/measure/timeline.ts';

test('a timeline keeps 200 spans and counts the rest, including those that a demo leaves out', () => {
  const timeline = new Timeline();
  for (let at = 0; at < 203; at += 1) timeline.add(`span ${at}`, 'lane', at, at + 1);
  timeline.leaveOut();

  expect(timeline.spans).toHaveLength(200);
  expect(timeline.leftOut).toBe(4);
});
