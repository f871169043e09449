import { describe, expect, test } from '@jest/globals';
import { conclude as concludeListeners, type Result as Listeners } from '../../src/demos/abort/listeners.ts';
import type { Result as Spread } from '../../src/demos/abort/spread.ts';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<Result>(path: string): Promise<{ result: Result; lesson: Lesson }> {
  const response = await service.client.get(`/demos/abort/${path}`).expect(200);
  return response.body as { result: Result; lesson: Lesson };
}

describe('abort/spread', () => {
  const endings = ({ operations }: Spread) => operations.map(({ endedBy }) => endedBy);
  const four = (ending: string) => [ending, ending, ending, ending];

  test('without a signal, everything runs to its end after the disconnect', async () => {
    const { result, lesson } = await run<Spread>('spread?way=none');

    expect(endings(result)).toEqual(four('itself'));
    for (const { ranOnMs } of result.operations) expect(ranOnMs).toBeGreaterThan(result.waitedMs);
    expect(lesson.headline).toMatch(/^No signal: 4 operations ran on for .* in total$/);
  });

  test('the signal of the client stops an HTTP call, a stream, a timer and a child', async () => {
    const { result, lesson } = await run<Spread>('spread?way=signal');

    expect(result.operations.map(({ operation }) => operation)).toEqual([
      'HTTP call',
      'file stream',
      'timer',
      'child process',
    ]);
    expect(endings(result)).toEqual(four('AbortError'));
    expect(lesson.headline).toMatch(/^Client signal: all 4 operations stopped within /);
  });

  test('a timeout alone stops late', async () => {
    const { result, lesson } = await run<Spread>('spread?way=timeout&timeoutMs=500');

    expect(endings(result)).toEqual(four('TimeoutError'));
    for (const { ranOnMs } of result.operations) expect(ranOnMs).toBeGreaterThan(result.waitedMs);
    expect(lesson.headline).toMatch(/^Timeout: 4 operations ran on for /);
  });

  test('AbortSignal.any stops at the disconnect of a client and limits the wait of another', async () => {
    const { result: leaves } = await run<Spread>('spread?way=any&timeoutMs=500');
    const { result: stays, lesson } = await run<Spread>('spread?way=any&client=stays&timeoutMs=200');
    const { result: unlimited, lesson: slow } = await run<Spread>('spread?way=signal&client=stays');

    expect(endings(leaves)).toEqual(four('AbortError'));
    expect(endings(stays)).toEqual(four('TimeoutError'));
    expect(endings(unlimited)).toEqual(four('itself'));
    expect(stays.waitedMs).toBeLessThan(unlimited.waitedMs);
    expect(lesson.text).toContain('4 of 4 were stopped');
    expect(slow.text).toContain('None was stopped');
  });
});

describe('abort/listeners', () => {
  test('a listener that is never removed keeps its request', async () => {
    const { result, lesson } = await run<Listeners>('listeners?way=add&requests=100');

    expect(result).toMatchObject({ listenersLeft: 100, requestsKept: 100, stopped: 100, warnsAbove: 0 });
    expect(lesson.headline).toBe('A listener that is never removed kept 100 of 100 finished requests');
  });

  test.each(['remove', 'any'])('way=%s keeps none and stops running requests as well', async (way) => {
    const { result, lesson } = await run<Listeners>(`listeners?way=${way}&requests=100`);

    expect(result).toMatchObject({ listenersLeft: 0, stopped: 100 });
    expect(result.requestsKept).toBeLessThan(5);
    expect(lesson.text).toContain('the signal refers to none of them');
  });

  test('a few objects that a collection missed are not a leak', () => {
    const result: Listeners = {
      way: 'any',
      requests: 100,
      listenersLeft: 0,
      requestsKept: 2,
      stopped: 100,
      warnsAbove: 0,
    };

    expect(concludeListeners(result).text).not.toContain('leak');
    expect(concludeListeners({ ...result, requestsKept: 50 }).text).toContain('leak');
  });
});
