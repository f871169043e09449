import { describe, expect, test } from '@jest/globals';
import { createJsonText, summarize, type Row } from '../../../src/demos/event-loop/json-text.ts';
import { conclude } from '../../../src/demos/event-loop/json.ts';
import { useEventLoop } from './use-event-loop.ts';

const run = await useEventLoop();
type Result = Parameters<typeof conclude>[0];

describe('event-loop/json', () => {
  test('parsing in one go blocks for most of the time, but not in lines or on a thread that returns a sum', async () => {
    const parse = await run<Result>('json?way=parse&megabytes=20');
    const lines = await run<Result>('json?way=ndjson&megabytes=20');
    const thread = await run<Result>('json?way=thread&megabytes=20');

    for (const { result } of [lines, thread]) {
      expect(result.rows).toBe(parse.result.rows);
      expect(result.quantity).toBe(parse.result.quantity);
      expect(result.blockedMs).toBeLessThan(0.6 * parse.result.blockedMs);
      expect(result.healthCompleted).toBeGreaterThan(2);
    }
    expect(parse.result.blockedMs).toBeGreaterThan(0.7 * parse.result.workMs);
    expect(parse.result.healthCompleted).toBe(0);
    expect(parse.lesson.headline).toMatch(/^JSON.parse blocked the event loop/);
  });

  test('a thread that returns the whole value blocks longer than one that returns a sum', async () => {
    const clone = await run<Result>('json?way=clone&megabytes=20');
    const thread = await run<Result>('json?way=thread&megabytes=20');

    expect(clone.result.quantity).toBe(thread.result.quantity);
    expect(clone.result.blockedMs).toBeGreaterThan(2 * thread.result.blockedMs);
  });

  test('the lesson judges what others waited', () => {
    const result = {
      way: 'parse',
      bytes: 8e6,
      rows: 1,
      quantity: 1,
      workMs: 300,
      blockedMs: 300,
      blockedMsPerMegabyte: 37.5,
      healthCompleted: 0,
      healthSlowestMs: 301,
      healthQuietMs: 1,
    };
    expect(conclude(result)).toMatchObject({
      headline: 'JSON.parse blocked the event loop for 300 ms',
      text: expect.stringContaining('37.5 ms per MB'),
    });
    expect(conclude({ ...result, way: 'ndjson', blockedMs: 6, healthSlowestMs: 9 }).headline).toBe(
      'JSON lines in slices: timers at most 6.0 ms late',
    );
  });

  test('the text is valid JSON of about the requested size, and its lines are the same rows', () => {
    const text = createJsonText(1e6, 'array');
    const lines = createJsonText(1e6, 'lines').toString().split('\n');

    expect(text.length / 1e6).toBeCloseTo(1, 1);
    expect(summarize(JSON.parse(text.toString()) as Row[])).toEqual(
      summarize(lines.map((line) => JSON.parse(line) as Row)),
    );
  });
});
