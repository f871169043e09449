import { describe, expect, test } from '@jest/globals';
import { conclude, type Result } from '../../src/demos/http/waiting.ts';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run(query: string): Promise<{ result: Result; lesson: Lesson }> {
  const response = await service.client.get(`/demos/http/waiting?${query}`).expect(200);
  return response.body as { result: Result; lesson: Lesson };
}

describe('http/waiting', () => {
  test('requests that wait asynchronously wait at once, on the threads that were there', async () => {
    const { result, lesson } = await run('way=wait&clients=100&waitMs=300');
    const { result: blocked } = await run('way=block&clients=3&waitMs=100');

    // As many as arrive while the first one waits.
    expect(result.maxAtOnce).toBeGreaterThan(20);
    expect(result.totalMs).toBeLessThan((100 * 300) / 3);
    if (process.platform === 'linux') expect(result.threads).toBe(blocked.threads);
    expect(lesson.headline).toMatch(/^Asynchronous: 100 requests in .+, \d+ waiting at once$/);
  });

  test('blocking waits are served one at a time', async () => {
    const { result, lesson } = await run('way=block&clients=10&waitMs=50');

    expect(result.maxAtOnce).toBe(1);
    expect(result.totalMs).toBeGreaterThanOrEqual(490);
    expect(lesson.headline).toMatch(/^Blocking: 10 requests in .+, 1 waiting at once$/);
  });

  test('threads wait as many at a time as there are, and take memory', async () => {
    const { result, lesson } = await run('way=threads&clients=24&waitMs=200');

    expect(result.maxAtOnce).toBe(8);
    expect(result.totalMs).toBeGreaterThanOrEqual(590);
    expect(result.rssGrewBytes).toBeGreaterThan(8_000_000);
    expect(lesson.headline).toMatch(/^8 threads: 24 requests in .+, 8 waiting at once$/);
  });

  test('one request shows nothing', () => {
    const result: Result = {
      way: 'wait',
      clients: 1,
      waitMs: 50,
      maxAtOnce: 1,
      totalMs: 52,
      medianMs: 52,
      cpuMs: 3,
      threads: null,
      rssGrewBytes: 0,
    };

    expect(conclude(result).headline).toMatch(/^This run does not tell/);
    expect(conclude(result).text).toContain('less than 4.0 MB');
  });

  test('rejects a run that would take too long with 400', async () => {
    await service.client.get('/demos/http/waiting?way=block&clients=500&waitMs=50').expect(400);
  });
});
