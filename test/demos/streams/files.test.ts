import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { downloadLesson } from '../../../src/demos/streams/download.ts';
import { until } from '../../support/program.ts';
import { useTestApp } from '../../support/use-test-app.ts';
import { run, type Figures } from './responses.ts';

const service = await useTestApp();

describe('streams/file and streams/file-buffered', () => {
  test('streaming a file takes less than half the memory of buffering it', async () => {
    // Garbage of earlier tests may be collected during a measurement: in that case both are repeated.
    const [streamed, buffered] = await until('less than half the memory', async () => {
      const { result: one } = await run<Figures>(service, 'file?bytes=50000000');
      const { result: other } = await run<Figures>(service, 'file-buffered?bytes=50000000');
      const [less, more] = [Number(one['peakMemoryBytes']), Number(other['peakMemoryBytes'])];
      return more > 45e6 && less < 0.5 * more ? ([one, other] as const) : undefined;
    });

    expect(streamed['bytes']).toBe(50_000_000);
    expect(buffered['bytes']).toBe(50_000_000);
  });

  test('the lesson shows memory far above the file size as a multiple of it', () => {
    const figures = { chunks: 1, firstByteMs: 1, lastByteMs: 2 };
    const small = downloadLesson('Streaming', { ...figures, bytes: 1, peakMemoryBytes: 275_421 });
    const large = downloadLesson('Streaming', { ...figures, bytes: 1_000, peakMemoryBytes: 500 });

    expect(small.text).toContain(', 275421× the file size.');
    expect(large.text).toContain(', 50% of the file size.');
  });
});

describe('streams/upload', () => {
  test('hashes an upload while it streams', async () => {
    const body = 'abc'.repeat(1_000_000);
    const response = await service.client
      .post('/demos/streams/upload')
      .set('Content-Type', 'application/x-www-form-urlencoded') // the default of curl --data-binary
      .send(body)
      .expect(200);

    expect((response.body as { result: unknown }).result).toMatchObject({
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
    });
  });

  test('rejects a Content-Length over the limit with 413 before it reads the body', async () => {
    const response = await service.client
      .post('/demos/streams/upload')
      .set({ 'Content-Type': 'application/octet-stream', 'Content-Length': '4000000001' })
      .expect(413);

    expect(response.headers['connection']).toBe('close');
  });
});
