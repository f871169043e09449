import { Buffer } from 'node:buffer';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readDimensions, recognise } from '../../src/demos/buffers/image.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/program.ts';

let service: TestApp;
beforeAll(async () => {
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function run<T>(path: string): Promise<{ result: T; lesson: string }> {
  const response = await service.client.get(`/demos/buffers/${path}`).expect(200);
  return response.body as { result: T; lesson: string };
}

interface Row {
  readonly [name: string]: unknown;
}

const pngHead = Buffer.from('89504e470d0a1a0a0000000d4948445200000280000001e0', 'hex');

describe('buffers', () => {
  test('an encoding says how many bytes a text has, and some lose it', async () => {
    const { result } = await run<{ encodings: Row[]; codeUnits: number; characters: number }>(
      `create?text=${encodeURIComponent('ü🌍')}`,
    );
    const of = (encoding: string) => result.encodings.find((row) => row['encoding'] === encoding);

    expect(result.characters).toBe(2);
    expect(result.codeUnits).toBe(3);
    expect(of('utf8')).toMatchObject({ fromTextBytes: 6, toStringCodeUnits: 3, textSurvives: true });
    expect(of('utf16le')).toMatchObject({ fromTextBytes: 6, toStringCodeUnits: 3, textSurvives: true });
    expect(of('latin1')).toMatchObject({ textSurvives: false });
    expect(of('hex')).toMatchObject({ toStringCodeUnits: 12 });
  });

  test('allocUnsafe gives memory that others have written to, alloc never', async () => {
    // What was given up may not have come back to the allocator yet: another thread does that.
    await until('memory with traces', async () => {
      const { result } = await run<{ ways: Row[] }>('alloc');
      const [safe, unsafe] = result.ways;
      expect(safe).toMatchObject({ way: 'alloc', dirtyBytes: 0 });
      return Number(unsafe?.['recognisedBytes']) > 0 ? true : undefined;
    });
  });

  test('a write shows which buffers share memory', async () => {
    const { result } = await run<{ ways: { made: string; sawTheWrite: boolean; wroteBack: boolean }[] }>(
      'views',
    );
    const sharing = result.ways.filter(({ sawTheWrite }) => sawTheWrite).map(({ made }) => made);

    expect(sharing).toContain('source.subarray(0, 4)');
    expect(sharing).not.toContain('Buffer.from(view)');
    expect(result.ways.every(({ sawTheWrite, wroteBack }) => sawTheWrite === wroteBack)).toBe(true);
  });

  test('only the naive way breaks a character that is cut', async () => {
    const { result } = await run<{ cutCharacters: number; ways: Row[] }>('text');
    const { result: ascii, lesson } = await run<{ ways: Row[] }>('text?text=plain&chunkBytes=2');

    expect(result.cutCharacters).toBeGreaterThan(0);
    expect(result.ways.map((row) => row['same'])).toEqual([false, true, true, true]);
    expect(ascii.ways.every((row) => row['same'])).toBe(true);
    expect(lesson).toMatch(/No character was cut/);
  });

  test('an upload is known by its first bytes, whatever it claims', async () => {
    const inspect = async (body: Buffer, type: string) => {
      const response = await service.client
        .post('/demos/buffers/inspect')
        .set('Content-Type', type)
        .send(body)
        .expect(200);
      return response.body as { result: Row; lesson: string };
    };
    const png = await inspect(Buffer.concat([pngHead, Buffer.alloc(200_000)]), 'image/png');
    const lie = await inspect(Buffer.from('%PDF-1.7'), 'image/png');

    expect(png.result).toMatchObject({
      foundType: 'image/png',
      width: 640,
      height: 480,
      bytes: 200_024,
      keptBytes: 64,
    });
    expect(lie.result).toMatchObject({ claimedType: 'image/png', foundType: 'application/pdf', width: null });
    expect(lie.lesson).toMatch(/believe the bytes/);
  });

  test('a head that is too short has no dimensions', () => {
    expect(recognise(Buffer.alloc(0))).toBeUndefined();
    expect(readDimensions(pngHead, 'image/png')).toEqual({ width: 640, height: 480 });
    expect(readDimensions(pngHead.subarray(0, 20), 'image/png')).toBeNull();
    expect(recognise(Buffer.from('RIFF0000WEBPVP8 '))?.mediaType).toBe('image/webp');
  });
});
