import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';
import { collect, run, type Figures } from './responses.ts';

const service = await useTestApp();

describe('streams/backpressure', () => {
  test('queues everything in memory if the source ignores back-pressure', async () => {
    const { result: respected, ...drawn } = await run<Figures>(
      service,
      'backpressure?respect=true&megabytes=32',
    );
    const { result: ignored } = await run<Figures>(service, 'backpressure?respect=false&megabytes=32');

    expect(ignored['peakBufferedBytes']).toBe(ignored['bytes']);
    expect(respected['peakBufferedBytes']).toBeLessThan(Number(respected['bytes']) / 10);
    expect(respected['pauses']).toBe(respected['drains']);
    // Two further spans show the source and the sink as a whole.
    expect(drawn.timeline.length - 2 + (drawn.moreSpans ?? 0)).toBe(respected['pauses']);
    expect(ignored['peakMemoryBytes']).toBeGreaterThan(4 * Number(respected['peakMemoryBytes']));
  });
});

describe('streams/pipe and streams/pipeline', () => {
  test('pipe leaves descriptors open after clients disconnect, pipeline does not', async () => {
    const { result: piped } = await run<Figures>(service, 'pipe?clients=3');
    const { result: pipelined } = await run<Figures>(service, 'pipeline?clients=3');

    expect(piped).toMatchObject({ openDescriptorsDuring: 3, openDescriptorsAfter: 3, liveStreamsAfter: 3 });
    expect(pipelined).toMatchObject({
      openDescriptorsDuring: 3,
      openDescriptorsAfter: 0,
      liveStreamsAfter: 0,
    });
  });
});

describe('streams/chain and streams/async-iteration', () => {
  test('loops produce the same bytes as a chain of streams', async () => {
    const { result } = await run<{ sameAsChain: boolean; bytes: number }>(
      service,
      'async-iteration?rows=3000',
    );
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

  test.each([
    ['chain?way=pipeline', true],
    ['chain?way=buffered', false],
    ['async-iteration?drain=await', true],
    ['async-iteration?drain=ignore', false],
  ])('%s: a stalled client stops the first stage: %s', async (path, stops) => {
    const { result, lesson } = await run<Figures>(service, path);

    expect(Number(result['rowsWhileStalled']) < Number(result['rows'])).toBe(stops);
    expect(lesson.headline).toMatch(stops ? /^A stalled client stopped/ : /^Nothing stopped/);
    if (path.startsWith('async')) expect(Number(result['pauses']) > 0).toBe(stops);
  });

  test('too few rows to fill the buffers do not tell', async () => {
    const { lesson } = await run<Figures>(service, 'chain?rows=1000');

    expect(lesson.headline).toMatch(/too few to show back-pressure/);
  });

  test.each([
    'chain?way=buffered&rows=2000001',
    'async-iteration?drain=ignore&rows=2000001',
    'chain?rows=2000001&as=json',
  ])('rejects more rows than may be in memory with 400: %s', async (path) => {
    await service.client.get(`/demos/streams/${path}`).expect(400);
  });
});
