import { Buffer } from 'node:buffer';
import { describe, expect, test } from '@jest/globals';
import { detectMediaType, readDimensions } from '../../src/demos/buffers/file-type.ts';
import { until } from '../support/program.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

interface Observed<T> {
  readonly result: T;
  readonly lesson: { readonly headline: string; readonly text: string };
}

async function run<T>(path: string): Promise<Observed<T>> {
  const response = await service.client.get(`/demos/buffers/${path}`).expect(200);
  return response.body as Observed<T>;
}

interface Row {
  readonly [name: string]: unknown;
}

const pngHead = Buffer.from('89504e470d0a1a0a0000000d4948445200000280000001e0', 'hex');

describe('buffers', () => {
  test('counts the bytes of a text in each encoding and shows which ones lose it', async () => {
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

  test('allocUnsafe returns memory with old bytes, alloc never does', async () => {
    // Another thread frees the memory, so the first runs may not see any of it.
    await until('memory with the pattern', async () => {
      const { result } = await run<{ ways: Row[] }>('alloc');
      const [safe, unsafe] = result.ways;
      expect(safe).toMatchObject({ way: 'alloc', dirtyBytes: 0 });
      return Number(unsafe?.['recognizedBytes']) > 0 ? true : undefined;
    });
  });

  test('small buffers of allocUnsafe share blocks of memory, and no others do', async () => {
    const { result: small, lesson } = await run<{ buffers: number; ways: Row[] }>('alloc?bytes=100');
    const { result: large, lesson: own } = await run<{ buffers: number; ways: Row[] }>('alloc?bytes=100000');

    expect(small.ways[0]).toMatchObject({ way: 'alloc', blocks: small.buffers });
    expect(small.ways[1]?.['blocks']).toBeLessThan(small.buffers / 10);
    expect(lesson.text).toMatch(/Those of allocUnsafe share \d+ blocks of/);
    expect(large.ways.map((row) => row['blocks'])).toEqual([large.buffers, large.buffers]);
    expect(own.text).toContain('Each has memory of its own');
  });

  test.each([1, 100, 32_768, 5_000_000, 8_000_000])(
    'allocates at most 8 MB each way: %i bytes a buffer',
    async (size) => {
      const { result } = await run<{ buffers: number }>(`alloc?bytes=${size}`);

      expect(result.buffers * size).toBeLessThanOrEqual(8_000_000);
      expect(result.buffers).toBeGreaterThan(0);
    },
  );

  test('tells shared memory from copies by writing on both sides', async () => {
    const { result } = await run<{
      ways: {
        made: string;
        sawTheWrite: boolean;
        wroteBack: boolean;
        keepsSource: boolean;
        because: string;
      }[];
    }>('views');
    const sharing = result.ways.filter(({ sawTheWrite }) => sawTheWrite).map(({ made }) => made);

    expect(sharing).toContain('source.subarray(0, 4)');
    expect(sharing).not.toContain('Buffer.from(view)');
    for (const { sawTheWrite, wroteBack, keepsSource, because } of result.ways) {
      expect(sawTheWrite).toBe(wroteBack);
      expect(keepsSource).toBe(sawTheWrite);
      expect(because === 'the source').toBe(sawTheWrite);
    }
  });

  test.each([4, 1_000_000])(
    'explains what each copy of a view keeps alive: a source of %i bytes',
    async (size) => {
      const { result, lesson } = await run<{
        ways: { made: string; keepsAliveBytes: number; because: string }[];
      }>(`views?bytes=${size}`);
      const of = (made: string) => result.ways.find((way) => way.made.startsWith(made));

      expect(of('Buffer.from(view)')).toMatchObject({
        because: 'the pool',
        keepsAliveBytes: Buffer.poolSize,
      });
      expect(of('Uint8Array')).toMatchObject({ because: 'its own bytes', keepsAliveBytes: 4 });
      expect(of('structuredClone')).toMatchObject({
        because: size === 4 ? 'its own bytes' : 'a copy of the source',
        keepsAliveBytes: size,
      });
      expect(lesson.text).toContain('from a pool that they share');
    },
  );

  test('only chunk.toString() corrupts a character that is split between chunks', async () => {
    const { result } = await run<{ cutCharacters: number; ways: Row[] }>('text');
    const { result: ascii, lesson } = await run<{ ways: Row[] }>('text?text=plain&chunkBytes=2');

    expect(result.cutCharacters).toBeGreaterThan(0);
    expect(result.ways.map((row) => row['same'])).toEqual([false, true, true, true]);
    expect(ascii.ways.every((row) => row['same'])).toBe(true);
    expect(lesson.headline).toMatch(/No character was split/);
  });

  test('identifies an upload by its first bytes, not by its Content-Type', async () => {
    const inspect = async (body: Buffer, type: string) => {
      const response = await service.client
        .post('/demos/buffers/inspect')
        .set('Content-Type', type)
        .send(body)
        .expect(200);
      return response.body as Observed<Row>;
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
    expect(lie.lesson.text).toMatch(/trust the bytes/);
  });

  test('returns no media type and no dimensions for too few bytes', () => {
    expect(detectMediaType(Buffer.alloc(0))).toBeUndefined();
    expect(readDimensions(pngHead, 'image/png')).toEqual({ width: 640, height: 480 });
    expect(readDimensions(pngHead.subarray(0, 20), 'image/png')).toBeNull();
    expect(detectMediaType(Buffer.from('RIFF0000WEBPVP8 '))).toBe('image/webp');
  });
});

describe('buffers/methods', () => {
  interface Methods {
    readonly textBytes: number;
    readonly writtenBytes: number;
    readonly lostInLatin1: number;
    readonly lengthAfterAll: number;
    readonly readAsBigEndian: number;
    readonly readAsLittleEndian: number;
    readonly steps: readonly {
      readonly call: string;
      readonly before: string;
      readonly returned: string;
      readonly after: string;
    }[];
  }

  test('write stores only whole characters that fit, and the buffer keeps its size', async () => {
    const { result, lesson } = await run<Methods>('methods');

    // The last character needs four bytes, and three are free.
    expect(result).toMatchObject({ textBytes: 11, writtenBytes: 7, lengthAfterAll: 10, lostInLatin1: 1 });
    expect(lesson.headline).toBe('write() stored 7 of 11 bytes, without an error');
    expect(lesson.text).toContain('3 bytes stayed free');
  });

  test('shows the bytes before and after each call, and the errors', async () => {
    const { result } = await run<Methods>('methods?text=abc&size=4');
    const steps = result.steps.map(({ call, before, returned, after }) => [call, before, returned, after]);

    expect(steps).toEqual([
      ['write(text)', '00000000', '3', '61626300'],
      ["fill('.', 3)", '61626300', '4 bytes', '6162632e'],
      ['copy(other, 1, 0, 3)', '000000000000', '3', '006162630000'],
      ['equals(its copy)', '6162632e', 'true', '6162632e'],
      ['compare(larger)', '6162632e', '-1', '6162632e'],
      ["indexOf('c')", '6162632e', '2', '6162632e'],
      ['writeInt32BE(1)', '00000000', '4', '00000001'],
      ['readInt32BE()', '00000001', '1', '00000001'],
      ['readInt32LE()', '00000001', '16777216', '00000001'],
      ['swap16()', '00000001', '4 bytes', '00000100'],
      ['swap16()', '010203', 'RangeError', '010203'],
      ['transcode to latin1', '616263', '3 bytes', '616263'],
      ['toJSON().data.length', '6162632e', '4', '6162632e'],
      ['[4] = 65', '6162632e', '65', '6162632e'],
      ['writeUInt8(65, 4)', '6162632e', 'RangeError', '6162632e'],
      ['concat([this, odd])', '6162632e', '7 bytes', '6162632e010203'],
    ]);
  });

  test('the lesson follows the figures', async () => {
    const { lesson } = await run<Methods>('methods?text=abc&size=4');
    expect(lesson.headline).toBe('write() stored all 3 bytes of the text');
    expect(lesson.text).not.toMatch(/stayed free|latin1/);
  });

  test.each(['text=', 'size=3', 'size=65'])('rejects %s with 400', async (query) => {
    await service.client.get(`/demos/buffers/methods?${query}`).expect(400);
  });
});
