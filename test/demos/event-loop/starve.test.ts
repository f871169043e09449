import { describe, expect, test } from '@jest/globals';
import { conclude } from '../../../src/demos/event-loop/starve.ts';
import { useEventLoop } from './use-event-loop.ts';

const run = await useEventLoop();

interface Starve {
  readonly recursedMs: number;
  readonly recursions: number;
  readonly recursionsBeforeRead: number;
  readonly readMs: number;
}

describe('event-loop/starve', () => {
  test.each(['nextTick', 'microtask'])('a recursion by %s delays a read until it ends', async (way) => {
    const { result, lesson } = await run<Starve>(`starve?with=${way}`);

    expect(result.recursions).toBeGreaterThan(100);
    expect(result.recursionsBeforeRead).toBe(result.recursions);
    expect(result.readMs).toBeGreaterThanOrEqual(0.95 * result.recursedMs);
    expect(lesson.text).toContain('did not let the event loop continue');
  });

  test('a recursion by setImmediate does not delay a read until it ends', async () => {
    const { result, lesson } = await run<Starve>('starve?with=immediate&ms=300');

    expect(result.recursions).toBeGreaterThan(100);
    expect(result.recursionsBeforeRead).toBeLessThan(0.5 * result.recursions);
    expect(result.readMs).toBeLessThan(0.5 * result.recursedMs);
    expect(lesson.text).toContain('let the event loop iterate in between');
  });

  test('draws no conclusion if a read takes long without the recursion', () => {
    const { headline } = conclude({
      with: 'nextTick',
      recursedMs: 20,
      recursions: 100,
      recursionsBeforeRead: 100,
      readMs: 40,
      quietReadMs: 30,
      timerMaxDelayMs: 20,
    });

    expect(headline).toContain('does not show');
  });
});
