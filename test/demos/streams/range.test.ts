import { describe, expect, test } from '@jest/globals';
import { planRange } from '../../../src/demos/streams/range-plan.ts';
import { useTestApp } from '../../support/use-test-app.ts';
import { run } from './responses.ts';

const service = await useTestApp();
const get = (headers: Record<string, string>) => service.client.get('/demos/streams/range').set(headers);

describe('streams/range', () => {
  test('sends the requested part, uncompressed, with its Content-Range', async () => {
    const part = await get({ Range: 'bytes=64-127', 'Accept-Encoding': 'gzip' }).expect(206);

    expect(part.headers['content-range']).toBe('bytes 64-127/16384');
    expect(part.headers['content-encoding']).toBeUndefined();
    expect(part.text).toMatch(/^00064 is the first byte of line 002 \.+\n$/);
    expect((await get({ Range: 'bytes=-64' }).expect(206)).text).toMatch(/^16320 /);
  });

  test('rejects a range beyond the end with 416 and the file size', async () => {
    const beyond = await get({ Range: 'bytes=16384-' }).expect(416);

    expect(beyond.headers['content-range']).toBe('bytes */16384');
    expect(beyond.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  test('sends a part if If-Range matches, and the whole file if it does not', async () => {
    const { etag, 'last-modified': date } = (await get({}).expect(200)).headers as Record<string, string>;

    await get({ Range: 'bytes=1-2', 'If-Range': etag ?? '' }).expect(206);
    await get({ Range: 'bytes=1-2', 'If-Range': date ?? '' }).expect(206);
    await get({ Range: 'bytes=1-2', 'If-Range': '"other"' }).expect(200);
  });

  test('shows all cases over loopback, and two parts that make up the file', async () => {
    const { result } = await run<{ exchanges: { status: number }[]; resumed: boolean }>(service, 'range');

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
  ])('plans the response for Range: %s', (range, plan) => {
    expect(planRange(100, range)).toEqual(plan);
  });
});
