import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parseEvents } from '../../src/demos/streams/event-parser.ts';
import { concludeDelivery } from '../../src/demos/streams/file.ts';
import { planRange } from '../../src/demos/streams/range-plan.ts';
import { createTestApp, type TestApp } from '../support/app.ts';
import { until } from '../support/program.ts';

let service: TestApp;
beforeAll(async () => {
  service = await createTestApp({ env: { OVERLOAD_MAX_DELAY_MS: '0' } });
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

interface Evidence<T> {
  readonly result: T;
  readonly lesson: string;
  readonly timeline: readonly unknown[];
  readonly moreSpans?: number;
}

async function run<T>(path: string): Promise<Evidence<T>> {
  const response = await service.client
    .get(`/demos/streams/${path}`)
    .set('Accept', 'application/json')
    .expect(200);
  return response.body as Evidence<T>;
}

type Figures = Readonly<Record<string, number>>;

describe('streams', () => {
  test('a streamed file takes a fraction of the memory of a buffered one', async () => {
    // What others left may be freed, or not yet be, while one of them is measured: then both are measured again.
    const [streamed, buffered] = await until('a fraction', async () => {
      const { result: one } = await run<Figures>('file?bytes=50000000');
      const { result: other } = await run<Figures>('file-buffered?bytes=50000000');
      const [less, more] = [Number(one['peakMemoryBytes']), Number(other['peakMemoryBytes'])];
      return more > 45e6 && less < 0.5 * more ? ([one, other] as const) : undefined;
    });

    expect(streamed['bytes']).toBe(50_000_000);
    expect(buffered['bytes']).toBe(50_000_000);
  });

  test('memory that is far more than a small file is told as times its size', () => {
    const figures = { chunks: 1, firstByteMs: 1, lastByteMs: 2 };
    const small = concludeDelivery({ ...figures, bytes: 1, peakMemoryBytes: 275_421 }, 'streamed');
    const large = concludeDelivery({ ...figures, bytes: 1_000, peakMemoryBytes: 500 }, 'streamed');

    expect(small).toContain('(275421 times its size)');
    expect(large).toContain('(50 % of its size)');
  });

  test('an upload is hashed as it passes', async () => {
    const body = 'abc'.repeat(1_000_000);
    const response = await service.client
      .post('/demos/streams/upload')
      .set('Content-Type', 'application/x-www-form-urlencoded') // as curl --data-binary says
      .send(body)
      .expect(200);

    expect((response.body as { result: unknown }).result).toMatchObject({
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
    });
  });

  test('a body that announces too many bytes is refused before it is read', async () => {
    const response = await service.client
      .post('/demos/streams/upload')
      .set({ 'Content-Type': 'application/octet-stream', 'Content-Length': '4000000001' })
      .expect(413);

    expect(response.headers['connection']).toBe('close');
  });

  test('a source makes nothing much before it is read', async () => {
    const { result } = await run<{
      chunks: number;
      readCalls: number;
      readCallsBeforeReader: number;
      order: string;
    }>('readable?chunks=6');

    expect(result.chunks).toBe(6);
    expect(result.readCallsBeforeReader).toBeLessThan(result.readCalls);
    expect(result.order).toMatch(/^resume, data × 6, end, close$/);
  });

  test('a sink asks to wait, and drains once for each time it asked', async () => {
    const { result } = await run<Figures>('writable?chunks=9');

    expect(result['writeSaidFalse']).toBeGreaterThan(1);
    expect(result['drains']).toBe(result['writeSaidFalse']);
    expect(result['peakBufferedBytes']).toBeLessThanOrEqual(Number(result['highWaterMarkBytes']));
  });

  test('the sides of a duplex end apart, and a transform flushes its last line', async () => {
    const { result: duplex } = await run<{ receivedAfterOwnEnd: number }>('duplex?chunks=5');
    const { result: transform } = await run<{ lines: string[]; linesFromFlush: number; chunksIn: number }>(
      'transform?chunks=5',
    );

    expect(duplex.receivedAfterOwnEnd).toBe(5);
    expect(transform.lines).toEqual(['line 1', 'line 2', 'line 3', 'line 4', 'line 5']);
    expect(transform.linesFromFlush).toBe(1);
    expect(transform.chunksIn).not.toBe(transform.lines.length);
  });

  test('without back-pressure everything queues', async () => {
    const { result: respected, ...drawn } = await run<Figures>('backpressure?respect=true&megabytes=8');
    const { result: ignored } = await run<Figures>('backpressure?respect=false&megabytes=8');

    expect(ignored['peakBufferedBytes']).toBe(ignored['bytes']);
    expect(respected['peakBufferedBytes']).toBeLessThan(Number(respected['bytes']) / 10);
    expect(respected['pauses']).toBe(respected['drains']);
    // What the source and the sink did as a whole is drawn too.
    expect(drawn.timeline.length - 2 + (drawn.moreSpans ?? 0)).toBe(respected['pauses']);
    expect(ignored['peakMemoryBytes']).toBeGreaterThan(4 * Number(respected['peakMemoryBytes']));
  });

  test('pipe leaves descriptors open behind clients that leave, pipeline none', async () => {
    const { result: piped } = await run<Figures>('pipe?clients=3');
    const { result: pipelined } = await run<Figures>('pipeline?clients=3');

    expect(piped).toMatchObject({ openDescriptorsDuring: 3, openDescriptorsAfter: 3, liveStreamsAfter: 3 });
    expect(pipelined).toMatchObject({
      openDescriptorsDuring: 3,
      openDescriptorsAfter: 0,
      liveStreamsAfter: 0,
    });
  });

  test('a chain of loops gives the bytes of the chain of streams', async () => {
    const { result } = await run<{ sameAsChain: boolean; bytes: number }>('async-iteration?rows=3000');
    const response = await service.client
      .get('/demos/streams/chain?rows=3000')
      .buffer(true)
      .parse(collect)
      .expect(200);
    const lines = gunzipSync(response.body as Buffer)
      .toString()
      .trimEnd()
      .split('\n');

    expect(result.sameAsChain).toBe(true);
    expect(result.bytes).toBe((response.body as Buffer).length);
    expect(lines).toHaveLength(3_001);
    expect(lines.at(-1)).toBe('3000,9000000,54.772256');
  });

  test('JSON lines can be used before the last has come', async () => {
    const { result } = await run<Figures>('ndjson?rows=4&everyMs=20');
    const response = await service.client
      .get('/demos/streams/ndjson?rows=3&everyMs=0')
      .buffer(true)
      .parse(collect)
      .expect(200);

    expect(result['rows']).toBe(4);
    expect(result['rowsBeforeLastByte']).toBeGreaterThan(0);
    expect(
      (response.body as Buffer)
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { row: 1, square: 1 },
      { row: 2, square: 4 },
      { row: 3, square: 9 },
    ]);
    await service.client.get('/demos/streams/ndjson?rows=1000&everyMs=1000').expect(400);
  });
});

describe('streams/events', () => {
  test('a client that comes again misses nothing and gets nothing twice', async () => {
    const { result } = await run<Figures>('events?events=6&everyMs=10');

    expect(result).toMatchObject({ missed: 0, repeated: 0, goodbye: '{"reason":"complete"}' });
    expect(result['idsOfSecondConnection']).toEqual([4, 5, 6]);
  });

  test('resumes after Last-Event-ID, and tells a client that has all to come no more', async () => {
    const resumed = await readEvents({ 'Last-Event-ID': '2' }, 'events=4&everyMs=10');

    expect(resumed.map(({ id }) => id)).toEqual(['3', '4', undefined]);
    await service.client.get('/demos/streams/events?events=4').set('Last-Event-ID', '4').expect(204);
  });

  test('a drain ends it with a goodbye that says where to resume', async () => {
    await using draining = await createTestApp();
    let drains = false;
    const events = await readEvents({}, 'events=1000&everyMs=20', draining, (soFar) => {
      if (drains || !soFar.includes('id: 2')) return;
      drains = true;
      void draining.lifecycle.stop({ reason: 'test', exitCode: 0, keepListening: false });
    });
    const last = events.at(-1);
    const resumeWith = Number(events.at(-2)?.id);

    expect(resumeWith).toBeGreaterThanOrEqual(2);
    expect(last?.event).toBe('goodbye');
    expect(JSON.parse(last?.data ?? '')).toEqual({ reason: 'draining', resumeWith });
  });

  test('the parser reads whole events and keeps the rest', () => {
    expect(parseEvents('retry: 5\n\n: ping\n\nid: 1\nevent: tick\ndata: a\ndata: b\n\nid: 2\nda')).toEqual({
      events: [{ id: '1', event: 'tick', data: 'a\nb' }],
      rest: 'id: 2\nda',
    });
  });

  /** @param onText is told all that has come so far, each time that more has */
  async function readEvents(
    headers: Record<string, string>,
    query: string,
    app = service,
    onText: (soFar: string) => void = () => undefined,
  ) {
    const response = await app.client
      .get(`/demos/streams/events?${query}`)
      .set({ Accept: 'text/event-stream', ...headers })
      .buffer(true)
      .parse((res, done) => {
        let soFar = '';
        res.on('data', (chunk: Buffer) => onText((soFar += chunk.toString())));
        collect(res, done);
      })
      .expect(200);
    return parseEvents((response.body as Buffer).toString()).events;
  }
});

describe('streams/range', () => {
  const get = (headers: Record<string, string>) => service.client.get('/demos/streams/range').set(headers);

  test('gives the part that was asked for, and says which', async () => {
    const part = await get({ Range: 'bytes=64-127', 'Accept-Encoding': 'gzip' }).expect(206);

    expect(part.headers['content-range']).toBe('bytes 64-127/16384');
    expect(part.headers['content-encoding']).toBeUndefined();
    expect(part.text).toMatch(/^00064 is the first byte of line 002 \.+\n$/);
    expect((await get({ Range: 'bytes=-64' }).expect(206)).text).toMatch(/^16320 /);
  });

  test('a range beyond the end is a 416 that says how long the file is', async () => {
    const beyond = await get({ Range: 'bytes=16384-' }).expect(416);

    expect(beyond.headers['content-range']).toBe('bytes */16384');
    expect(beyond.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  test('If-Range gives the rest of the same version, and the whole of another', async () => {
    const { etag, 'last-modified': date } = (await get({}).expect(200)).headers as Record<string, string>;

    await get({ Range: 'bytes=1-2', 'If-Range': etag ?? '' }).expect(206);
    await get({ Range: 'bytes=1-2', 'If-Range': date ?? '' }).expect(206);
    await get({ Range: 'bytes=1-2', 'If-Range': '"other"' }).expect(200);
  });

  test('all cases over loopback; two parts are together the file', async () => {
    const { result } = await run<{ exchanges: { status: number }[]; resumed: boolean }>('range');

    expect(result.exchanges.map(({ status }) => status)).toEqual([200, 206, 206, 200, 206, 416, 200]);
    expect(result.resumed).toBe(true);
  });

  test.each([
    [undefined, { status: 200, start: 0, end: 99 }],
    ['bytes=0-0', { status: 206, start: 0, end: 0 }],
    ['bytes=90-500', { status: 206, start: 90, end: 99 }],
    ['bytes=-500', { status: 206, start: 0, end: 99 }],
    ['bytes=-0', { status: 416 }],
    ['bytes=100-', { status: 416 }],
    ['bytes=5-4', { status: 200, start: 0, end: 99 }],
    ['bytes=0-1,5-6', { status: 200, start: 0, end: 99 }],
    ['bytes=-', { status: 200, start: 0, end: 99 }],
  ])('plans %s', (range, plan) => {
    expect(planRange({ size: 100, etag: '"a"', lastModified: '' }, range, undefined)).toEqual(plan);
  });
});

function collect(response: NodeJS.EventEmitter, done: (error: Error | null, body: Buffer) => void): void {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('end', () => done(null, Buffer.concat(chunks)));
}
