import { describe, expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';
import { run, type Figures } from './responses.ts';

const service = await useTestApp();

describe('the kinds of streams', () => {
  test('a readable stream produces next to nothing before it has a reader', async () => {
    const { result } = await run<{
      chunks: number;
      readCalls: number;
      readCallsBeforeReader: number;
      order: string;
    }>(service, 'readable?chunks=6');

    expect(result.chunks).toBe(6);
    expect(result.readCallsBeforeReader).toBeLessThan(result.readCalls);
    expect(result.order).toMatch(/^resume, data × 6, end, close$/);
  });

  test('a writable stream emits drain once for each write that returned false', async () => {
    const { result } = await run<Figures>(service, 'writable?chunks=9');

    expect(result['writeSaidFalse']).toBeGreaterThan(1);
    expect(result['drains']).toBe(result['writeSaidFalse']);
    expect(result['peakBufferedBytes']).toBeLessThanOrEqual(Number(result['highWaterMarkBytes']));
  });

  test('a duplex stream receives chunks after it ended its writable side', async () => {
    const { result } = await run<{ receivedAfterOwnEnd: number }>(service, 'duplex?chunks=5');

    expect(result.receivedAfterOwnEnd).toBe(5);
  });

  test('a transform stream flushes its last line', async () => {
    const { result } = await run<{ lines: string[]; linesFromFlush: number; chunksIn: number }>(
      service,
      'transform?chunks=5',
    );

    expect(result.lines).toEqual(['line 1', 'line 2', 'line 3', 'line 4', 'line 5']);
    expect(result.linesFromFlush).toBe(1);
    expect(result.chunksIn).not.toBe(result.lines.length);
  });
});
