import { describe, expect, test } from '@jest/globals';
import { conclude } from '../../../src/demos/event-loop/phases.ts';
import { until } from '../../support/program.ts';
import { useEventLoop } from './use-event-loop.ts';

const run = await useEventLoop();

interface Phases {
  readonly sameOrder: number;
  readonly order: readonly string[];
  readonly steps: readonly { readonly iteration: number; readonly afterwards: readonly string[] }[];
}

describe('event-loop/phases', () => {
  test('runs two callbacks of each phase in order, and nextTick and microtask after each', async () => {
    const order = ['timers', 'poll', 'check', 'close'].flatMap((phase) => [`${phase} 1`, `${phase} 2`]);
    // On a busy machine `stat` may be late, in the first round or in most of them.
    const { result, lesson } = await until('the order of the phases', async () => {
      const evidence = await run<Phases>('phases?rounds=10');
      const phases = evidence.result;
      const inOrder = phases.order.join() === order.join();
      return inOrder && phases.sameOrder >= 6 ? evidence : undefined;
    });
    expect(result.steps.map(({ afterwards }) => afterwards)).toEqual(
      order.map(() => ['nextTick', 'microtask']),
    );
    const [, , , poll, check, , , close] = result.steps;
    expect(check?.iteration).toBe(poll?.iteration);
    expect(close?.iteration).toBe(poll?.iteration);
    expect(lesson.text).toContain('After 8 of 8 callbacks');
    expect(lesson.text).toContain('also between two callbacks of the same phase');
  });

  test('reports queues that are emptied only after each phase', () => {
    const both = ['nextTick', 'nextTick', 'microtask', 'microtask'];
    const steps = ['timers 1', 'timers 2'].map((callback, index) => ({
      callback,
      iteration: 0,
      afterwards: index === 0 ? [] : both,
    }));

    expect(conclude(steps, 1, 1).text).toContain('After 0 of 2 callbacks');
    expect(conclude(steps, 1, 1).text).not.toContain('also between two callbacks');
  });

  test('reports an order that is not the order of the phases', () => {
    const steps = ['poll', 'timers'].map((callback) => ({ callback, iteration: 0, afterwards: [] }));
    const { headline, text } = conclude(steps, 1, 1);

    expect(headline).toBe('Callbacks did not run in phase order');
    expect(text).toContain('ran as poll, timers in 1 of 1 round, which is not the order of the phases');
    expect(text).toContain('After 0 of 2 callbacks');
  });
});
