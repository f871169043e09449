import { describe, expect, test } from '@jest/globals';
import { createRandom } from '../../src/demos/compression/content.ts';
import { findThreshold } from '../../src/demos/compression/trials.ts';
import { useTestApp } from '../support/use-test-app.ts';

interface Comparison {
  readonly result: { readonly percentOf100kB: number; readonly ways: readonly Way[] };
  readonly lesson: { readonly headline: string; readonly text: string };
}

interface Way {
  readonly encoding: string;
  readonly level: number | null;
  readonly bytes: number;
  readonly cpuMs: number;
  readonly deliveredMs: number;
  readonly restored: boolean;
}

const service = await useTestApp();

async function compare(query: string) {
  const response = await service.client.get(`/demos/compression/compare?${query}`).expect(200);
  return response.body as Comparison;
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
    expect(lesson.text).toMatch(/The reason is the content/);
  });

  test.each(['json', 'text', 'zeros'])(
    'blames the size, not the content, for one byte of %s',
    async (content) => {
      const { result, lesson } = await compare(`bytes=1&content=${content}`);

      expect(result.percentOf100kB).toBeLessThan(50);
      expect(lesson.text).toMatch(/The reason is the size, not the content/);
    },
  );

  test('sends without compression at no cost, and the lesson names what arrives first', async () => {
    const slow = await compare('bytes=100000&megabits=1');
    const fast = await compare('bytes=100000&megabits=10000');
    const arrivesFirst = ({ result }: Comparison) =>
      result.ways.toSorted((a, b) => a.deliveredMs - b.deliveredMs)[0];

    expect(slow.result.ways[0]).toMatchObject({ encoding: 'identity', cpuMs: 0, deliveredMs: 800 });
    expect(arrivesFirst(slow)).not.toMatchObject({ encoding: 'identity' });
    expect(arrivesFirst(fast)).toMatchObject({ encoding: 'identity' });
    expect(slow.lesson.headline).toContain(`${arrivesFirst(slow)?.encoding} level`);
    expect(fast.lesson.text).toContain('no level is worth its CPU time');
  });

  test('the generated content does not repeat', async () => {
    const next = createRandom();
    const seen = new Set<string>();
    for (let i = 0; i < 300_000; i += 1) seen.add(`${next()} ${next()}`);

    expect(seen.size).toBeGreaterThan(299_000);
    // Repeated content of this size would shrink to a few percent with a window that covers it.
    const { result } = await compare('bytes=1000000&content=text');
    expect(Number(of(result.ways, 'br', 11)?.bytes)).toBeGreaterThan(
      0.6 * Number(of(result.ways, 'gzip', 9)?.bytes),
    );
  });

  test('compresses with an encoding that the client accepts, and only compressible types', async () => {
    expect((await negotiate('', 'gzip')).chosen).toBe('gzip');
    expect((await negotiate('', 'gzip, br')).chosen).toBe('br');
    for (const accepted of ['identity', '']) {
      expect(await negotiate('', accepted)).toMatchObject({
        chosen: 'identity',
        why: expect.stringMatching(/accepts/),
      });
    }
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
