import { describe, expect, test } from '@jest/globals';
import { findThreshold } from '../../src/demos/compression/trials.ts';
import { useTestApp } from '../support/use-test-app.ts';

interface Way {
  readonly encoding: string;
  readonly level: number | null;
  readonly bytes: number;
  readonly cpuMs: number;
  readonly restored: boolean;
}

const service = await useTestApp();

async function compare(query: string) {
  const response = await service.client.get(`/demos/compression/compare?${query}`).expect(200);
  return response.body as { result: { ways: Way[] }; lesson: { headline: string } };
}

async function negotiate(query: string, acceptEncoding: string) {
  const response = await service.client
    .get(`/demos/compression/negotiate?${query}`)
    .set('Accept-Encoding', acceptEncoding)
    .expect(200);
  return (response.body as { result: { chosen: string; why: string; thresholdBytes: number } }).result;
}

const of = (ways: readonly Way[], encoding: string, level: number) =>
  ways.find((way) => way.encoding === encoding && way.level === level);

describe('compression', () => {
  test('restores the content with every encoding; higher levels are smaller and use more CPU time', async () => {
    const { result } = await compare('bytes=200000');

    expect(new Set(result.ways.map(({ encoding }) => encoding))).toEqual(
      new Set(['identity', 'gzip', 'deflate', 'br', 'zstd']),
    );
    expect(result.ways.every(({ restored }) => restored)).toBe(true);
    for (const [encoding, low, high] of [
      ['gzip', 1, 9],
      ['br', 1, 11],
      ['zstd', 1, 19],
    ] as const) {
      const [fast, best] = [of(result.ways, encoding, low), of(result.ways, encoding, high)];
      expect(best?.bytes).toBeLessThan(Number(fast?.bytes));
    }
    expect(of(result.ways, 'br', 11)?.cpuMs).toBeGreaterThan(5 * Number(of(result.ways, 'br', 1)?.cpuMs));
  });

  test('makes random content no smaller, and the lesson says so', async () => {
    const { result, lesson } = await compare('bytes=50000&content=random');

    expect(result.ways.every(({ bytes }) => bytes >= 50_000)).toBe(true);
    expect(lesson.headline).toMatch(/^No encoding made/);
  });

  test('compresses with an encoding that the client accepts, and only compressible types', async () => {
    expect((await negotiate('', 'gzip')).chosen).toBe('gzip');
    expect((await negotiate('', 'gzip, br')).chosen).toBe('br');
    expect(await negotiate('', 'identity')).toMatchObject({
      chosen: 'identity',
      why: expect.stringMatching(/accepts/),
    });
    expect(await negotiate('type=png', 'gzip')).toMatchObject({
      chosen: 'identity',
      why: expect.stringMatching(/png/),
    });
    expect(await negotiate('type=events', 'gzip')).toMatchObject({ chosen: 'identity' });
  });

  test('finds the compression threshold by binary search', async () => {
    const { thresholdBytes } = await negotiate('', 'gzip');

    expect(await negotiate(`bytes=${thresholdBytes}`, 'gzip')).toMatchObject({ chosen: 'gzip' });
    expect(await negotiate(`bytes=${thresholdBytes - 1}`, 'gzip')).toMatchObject({
      chosen: 'identity',
      why: expect.stringMatching(/threshold/),
    });
    expect(await findThreshold(async (size) => size >= 777)).toBe(777);
    expect(await findThreshold(async () => false)).toBeNull();
    expect(await findThreshold(async () => true)).toBe(1);
  });
});
