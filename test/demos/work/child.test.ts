import { expect, test } from '@jest/globals';
import { Children } from '../../../src/demos/work/child.ts';

test('a child that is not wanted any more when it is started ends as well', async () => {
  const children = new Children();
  const child = children.start('sleep', { args: ['60'], signal: AbortSignal.abort() });
  expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
  expect(child.endedBecause).toBe('aborted');
  expect(children.size).toBe(0);
});
