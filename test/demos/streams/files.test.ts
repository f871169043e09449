import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { downloadLesson } from '../../../src/demos/streams/download.ts';
import { useTestApp } from '../../support/use-test-app.ts';
import { run, type Figures } from './responses.ts';

const service = await useTestApp();

describe('streams/file and streams/file-buffered', () => {
  test('streaming stops after a few chunks for a stalled client, buffering holds the whole file', async () => {
    const { result: streamed, lesson } = await run<Figures>(service, 'file?bytes=20000000');
    const { result: buffered, lesson: wrong } = await run<Figures>(service, 'file-buffered?bytes=20000000');

    expect(streamed['bytes']).toBe(20_000_000);
    expect(streamed['heldBytes']).toBeLessThan(1_000_000);
    expect(lesson.text).toMatch(/and then waited for the client/);
    expect(buffered).toMatchObject({ bytes: 20_000_000, heldBytes: 20_000_000 });
    expect(wrong.text).toMatch(/read all of it before the client had any/);
    const early = (figures: Figures) => Number(figures['firstByteMs']) / Number(figures['lastByteMs']);
    expect(early(streamed)).toBeLessThan(early(buffered));
  });

  test('the lesson follows the bytes held, not the way, and a small file does not tell', () => {
    const figures = { chunks: 1, firstByteMs: 1, stalledMs: 120, lastByteMs: 2, bytes: 9_000_000 };
    const all = downloadLesson('Streaming', { ...figures, heldBytes: 9_000_000 });
    const few = downloadLesson('Buffering', { ...figures, heldBytes: 90_000 });
    const small = downloadLesson('Streaming', { ...figures, bytes: 1, heldBytes: 1 });

    expect(all.text).toMatch(/read all of it .* 100% of the file/);
    expect(few.text).toMatch(/waited for the client, .* 1\.0% of the file/);
    expect(small.headline).toBe('A file of 1 B is too small to tell');
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

    const { result, lesson } = response.body as { result: Figures; lesson: { text: string } };
    expect(result).toMatchObject({
      bytes: body.length,
      sha256: createHash('sha256').update(body).digest('hex'),
    });
    expect(result['peakHeldBytes']).toBeGreaterThan(0);
    expect(result['peakHeldBytes']).toBeLessThan(body.length / 2);
    expect(lesson.text).toMatch(/never far ahead of the disk/);
  });

  test('rejects a Content-Length over the limit with 413 before it reads the body', async () => {
    const response = await service.client
      .post('/demos/streams/upload')
      .set({ 'Content-Type': 'application/octet-stream', 'Content-Length': '4000000001' })
      .expect(413);

    expect(response.headers['connection']).toBe('close');
  });
});
