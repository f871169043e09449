import { describe, expect, test } from '@jest/globals';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { framings } from '../../src/demos/net/decoders.ts';
import { compareBoundaries, type Result as Framing } from '../../src/demos/net/framing.ts';
import { conclude as concludeHalfOpen, type Row as HalfOpenRow } from '../../src/demos/net/half-open.ts';
import { conclude as concludeNoDelay, type Row as NoDelayRow } from '../../src/demos/net/no-delay.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<Result>(path: string): Promise<{ result: Result; lesson: Lesson }> {
  const response = await service.client.get(`/demos/net/${path}`).expect(200);
  return response.body as { result: Result; lesson: Lesson };
}

describe('net/framing', () => {
  test('a data event is not a message: chunks merge and split them', async () => {
    const { result, lesson } = await run<Framing>('framing?way=data&messages=50');

    expect(result.merged).toBeGreaterThan(0);
    expect(result.split).toBeGreaterThan(0);
    expect(result.decoded).toBe(result.dataEvents);
    expect(result.right).toBeLessThan(25);
    expect(lesson.headline).toBe(`One message per data event: ${result.right} of 50 messages were right`);
  });

  test.each(['length', 'lines'])('way=%s decodes every message from the same chunks', async (way) => {
    const { result, lesson } = await run<Framing>(`framing?way=${way}&messages=50`);

    expect(result.merged).toBeGreaterThan(0);
    expect(result.split).toBeGreaterThan(0);
    expect(result).toMatchObject({ decoded: 50, right: 50 });
    expect(lesson.headline).toMatch(/: 50 of 50 messages were right$/);
    expect(lesson.text).toContain('kept what was incomplete');
  });

  test('a single short message shows nothing', async () => {
    const { result, lesson } = await run<Framing>('framing?way=data&messages=1');

    expect(result).toMatchObject({ dataEvents: 1, merged: 0, split: 0, right: 1 });
    expect(lesson.headline).toMatch(/^This run does not tell/);
  });

  test('rejects a run that would take too long with 400', async () => {
    await service.client.get('/demos/net/framing?messages=500&pauseMs=20').expect(400);
  });

  test.each(['length', 'lines'] as const)('way=%s decodes messages from single bytes, and umlauts', (way) => {
    const decode = framings[way].createDecoder();
    const bytes = Buffer.concat(['über', '', 'uns'].map((text) => framings[way].encode(text)));

    expect([...bytes].flatMap((byte) => decode(Buffer.of(byte)))).toEqual(['über', '', 'uns']);
  });

  test('a length prefix over the limit is an error, not a buffer', () => {
    expect(() => framings.length.createDecoder()(Buffer.from('ffffffff', 'hex'))).toThrow('message too long');
  });

  test('names what each chunk holds', () => {
    const { merged, split, firstEvents } = compareBoundaries([10, 10, 10, 10, 10], [25, 3, 2, 10, 10]);

    expect(firstEvents.map(({ holds }) => holds)).toEqual([
      '1 to 2, part of 3',
      'part of 3',
      'part of 3',
      '4',
      '5',
    ]);
    expect({ merged, split }).toEqual({ merged: 1, split: 1 });
    expect(compareBoundaries([4, 4, 4], [12]).firstEvents).toEqual([{ bytes: 12, holds: '1 to 3' }]);
    expect(compareBoundaries([4, 4, 4], [6, 6]).firstEvents[1]?.holds).toBe('part of 2, 3');
    expect(compareBoundaries([4, 4, 4], [6, 6])).toMatchObject({ merged: 2, split: 1 });
  });
});

describe('net/no-delay', () => {
  test('the second of two small writes waits, unless noDelay is set or both are one packet', async () => {
    const { result, lesson } = await run<{ ways: readonly NoDelayRow[] }>('no-delay?requests=9');
    const [plain, noDelay, corked] = result.ways;

    expect(plain?.medianMs).toBeGreaterThan(5 * (noDelay?.medianMs ?? Infinity));
    expect(plain?.medianMs).toBeGreaterThan(5 * (corked?.medianMs ?? Infinity));
    expect(lesson.headline).toMatch(/^Two small writes took \d+× as long without noDelay$/);
  });

  test('the lesson claims nothing if no write waited', () => {
    const row: NoDelayRow = { way: 'any', noDelay: false, medianMs: 1, slowestMs: 1, totalMs: 1 };

    expect(concludeNoDelay([row, row, row]).headline).toMatch(/^This run does not tell/);
  });
});

describe('net/half-open', () => {
  test('a reply after the end of the client arrives only with allowHalfOpen', async () => {
    const { result, lesson } = await run<{ replyBytes: number; ways: readonly HalfOpenRow[] }>('half-open');
    const { replyBytes } = result;

    expect(result.ways).toMatchObject([
      { allowHalfOpen: false, serverCouldWrite: false, receivedBytes: 0 },
      { allowHalfOpen: true, serverCouldWrite: true, serverError: null, receivedBytes: replyBytes },
    ]);
    expect(result.ways[0]?.serverError).toMatch(/^ERR_/);
    expect(lesson.headline).toBe('allowHalfOpen=false lost the reply to a client that had ended');
  });

  test('the lesson claims no loss if there was none', () => {
    const row: HalfOpenRow = {
      allowHalfOpen: true,
      serverCouldWrite: true,
      serverError: null,
      receivedBytes: 1000,
    };

    expect(concludeHalfOpen([row]).headline).toBe('This run does not tell: no reply was lost');
  });
});
