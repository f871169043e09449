import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { createTestApp, type TestApp } from '../support/app.ts';

interface CpuAnswer {
  readonly result: {
    readonly primes: number;
    readonly ranMs: number;
    readonly eventLoop: { readonly maxDelayMs: number };
  };
}

let service: TestApp;
beforeAll(async () => {
  service = await createTestApp();
});
afterAll(async () => {
  await service[Symbol.asyncDispose]();
});

async function run(path: string): Promise<CpuAnswer> {
  const response = await service.client.get(`/demos/cpu/${path}`).expect(200);
  return response.body as CpuAnswer;
}

describe('cpu', () => {
  test('inline holds the event loop for as long as the job runs; the thread pool does not', async () => {
    await run('thread-pool?limit=1000'); // the threads are started
    const inline = await run('inline?limit=800000');
    const pooled = await run('thread-pool?limit=800000');

    expect(pooled.result.primes).toBe(inline.result.primes);
    expect(inline.result.eventLoop.maxDelayMs).toBeGreaterThan(0.5 * inline.result.ranMs);
    expect(pooled.result.eventLoop.maxDelayMs).toBeLessThan(0.5 * pooled.result.ranMs);
  });
});
