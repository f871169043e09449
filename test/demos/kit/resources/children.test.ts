import { expect, test } from '@jest/globals';
import { Children } from '../../../../src/demos/kit/resources/children.ts';

test('a child whose signal is already aborted is terminated', async () => {
  const children = new Children();
  const child = children.start('sleep', { args: ['60'], signal: AbortSignal.abort() });
  expect(await child.exited).toEqual({ code: null, signal: 'SIGTERM' });
  expect(child.endReason).toBe('aborted');
  expect(children.size).toBe(0);
});
