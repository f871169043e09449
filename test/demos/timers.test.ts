import { describe, expect, test } from '@jest/globals';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { conclude as concludeInterval, type Result as Interval } from '../../src/demos/timers/interval.ts';
import { conclude as concludeUnref, type Row } from '../../src/demos/timers/unref.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<Result>(path: string): Promise<{ result: Result; lesson: Lesson }> {
  const response = await service.client.get(`/demos/timers/${path}`).expect(200);
  return response.body as { result: Result; lesson: Lesson };
}

describe('timers/interval', () => {
  const repeat = (way: string, query: string) => run<Interval>(`interval?way=${way}&everyMs=20&${query}`);

  test('a chained timeout adds the time of its handler to each period, one set by the clock does not', async () => {
    const { result: chained, lesson } = await repeat('chained', 'ticks=30&workMs=15&blockMs=0');
    const { result: anchored } = await repeat('anchored', 'ticks=30&workMs=5&blockMs=0');

    expect(chained.driftMs).toBeGreaterThan(24 * 15); // less the ticks after the one that is measured
    expect(chained.driftHalfwayMs).toBeLessThan(0.7 * chained.driftMs);
    expect(lesson.headline).toMatch(/^A chained setTimeout was .* late after 30 ticks$/);
    expect(lesson.text).toContain('delays add up');
    expect(anchored.driftMs).toBeLessThan(0.1 * chained.driftMs);
  });

  test('only setInterval runs a handler while the last one is not done', async () => {
    const slow = 'ticks=10&workMs=70&blockMs=0';
    const { result: interval, lesson } = await repeat('interval', slow);
    const { result: anchored } = await repeat('anchored', slow);

    expect(interval).toMatchObject({ skipped: 0 });
    expect(interval.maxAtOnce).toBeGreaterThan(2);
    expect(lesson.headline).toBe(`setInterval ran up to ${interval.maxAtOnce} handlers at once`);
    expect(anchored.maxAtOnce).toBe(1);
    expect(anchored.skipped).toBeGreaterThanOrEqual(27); // a handler of 70 ms takes three points of the clock
    for (const way of ['chained', 'iterated']) {
      const { result } = await repeat(way, slow);
      expect(result).toMatchObject({ way, maxAtOnce: 1, skipped: 0 });
    }
  });

  test.each(['interval', 'chained', 'anchored', 'iterated'])(
    '%s makes up for no tick of a blocked loop',
    async (way) => {
      const { result, lesson } = await repeat(way, 'ticks=20&workMs=1&blockMs=200');

      expect(result.dueWhileBlocked).toBeGreaterThanOrEqual(10);
      expect(result.lost).toBeGreaterThan(0.5 * result.dueWhileBlocked);
      expect(lesson.text).toContain(`ticks were due: ${result.lost} were lost.`);
    },
  );

  test('rejects a run that would take too long with 400', async () => {
    await service.client.get('/demos/timers/interval?ticks=200&everyMs=100').expect(400);
  });

  test('the lesson claims neither drift nor loss that the run does not show', () => {
    const lesson = concludeInterval({
      way: 'interval',
      everyMs: 20,
      workMs: 0,
      ticks: 10,
      driftHalfwayMs: 1,
      driftMs: 2,
      skipped: 0,
      maxAtOnce: 1,
      blockedMs: 1,
      dueWhileBlocked: 0,
      lost: 0,
    });

    expect(lesson.headline).toBe('setInterval was 2.0 ms late after 10 ticks');
    expect(lesson.text).toContain('in this run, delays did not add up');
    expect(lesson.text).toContain('not blocked long enough to lose ticks');
  });
});

describe('timers/unref', () => {
  test('only a referenced timer keeps its process alive', async () => {
    const { result, lesson } = await run<{ timers: readonly Row[] }>('unref?delayMs=150');

    expect(result.timers).toMatchObject([
      { timer: 'timeout', active: 1, fired: 1, outcome: 'ended', code: 0 },
      { timer: 'timeout, unref', active: 0, fired: 0, outcome: 'ended', code: 0 },
      { timer: 'timeout, cleared', active: 0, fired: 0, outcome: 'ended', code: 0 },
      { timer: 'interval', active: 1, outcome: 'kept running', code: null, endedMs: null },
      { timer: 'interval, unref', active: 0, fired: 0, outcome: 'ended', code: 0 },
      { timer: 'interval, unref + timeout', active: 1, outcome: 'ended', code: 0 },
      { timer: 'await, ref: false', fired: 0, outcome: 'ended', code: 13 },
    ]);
    expect(result.timers[3]?.fired).toBeGreaterThan(1);
    expect(result.timers[5]?.fired).toBeGreaterThan(1);
    expect(result.timers[0]?.endedMs).toBeGreaterThan(2 * (result.timers[1]?.endedMs ?? Infinity));
    expect(lesson.headline).toBe('4 of 7 processes ended before their timer could fire');
    expect(lesson.text).toContain('"await, ref: false" ended with code 13');
  });

  test('the lesson notices a timer that kept no process alive and fired', () => {
    const row: Row = {
      timer: 'timeout, unref',
      active: 0,
      fired: 1,
      outcome: 'ended',
      code: 0,
      endedMs: 1,
    };

    expect(concludeUnref([row], 100).headline).toMatch(/^This run does not tell/);
    expect(concludeUnref([{ ...row, fired: 0 }], 100).headline).toMatch(/^1 of 1 processes/);
  });
});
