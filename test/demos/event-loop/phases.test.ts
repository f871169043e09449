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
  test('runs one callback of each phase in order, and nextTick and microtask after each', async () => {
    // On a busy machine `stat` may be late, in the first round or in most of them.
    const result = await until('the order of the phases', async () => {
      const { result: phases } = await run<Phases>('phases?rounds=10');
      const inOrder = phases.order.join() === 'timers,poll,check,close';
      return inOrder && phases.sameOrder >= 6 ? phases : undefined;
    });
    expect(result.steps.map(({ afterwards }) => afterwards)).toEqual(
      Array.from({ length: 4 }, () => ['nextTick', 'microtask']),
    );
    const [, poll, check, close] = result.steps;
    expect(check?.iteration).toBe(poll?.iteration);
    expect(close?.iteration).toBe(poll?.iteration);
  });

  test('reports an order that is not the order of the phases', () => {
    const steps = ['poll', 'timers'].map((callback) => ({ callback, iteration: 0, afterwards: [] }));
    const { headline, text } = conclude(steps, 1, 1);

    expect(headline).toBe('Callbacks did not run in phase order');
    expect(text).toContain('ran as poll, timers in 1 of 1 round, which is not the order of the phases');
    expect(text).toContain('After 0 of 2 callbacks');
  });
});
