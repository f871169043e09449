import { describe, expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

interface Answer {
  readonly result: { readonly elapsedMs: number; readonly eventLoopMaxDelayMs: number };
  readonly lesson: { readonly text: string };
}

async function run(query: string): Promise<Answer> {
  const response = await service.client.get(`/demos/security/passwords?${query}`).expect(200);
  return response.body as Answer;
}

describe('security/passwords', () => {
  test('blocks the event loop with synchronous scrypt, but not with scrypt on the thread pool', async () => {
    const { result: pool } = await run('way=pool&power=15');
    const { result: sync } = await run('way=sync&power=15');

    for (const result of [pool, sync]) {
      expect(result).toMatchObject({ rightAccepted: 4, wrongAccepted: 0, sameHashes: 0 });
    }
    expect(sync.eventLoopMaxDelayMs).toBeGreaterThan(0.8 * sync.elapsedMs);
    expect(pool.eventLoopMaxDelayMs).toBeLessThan(0.5 * pool.elapsedMs);
  });

  test('says that a work factor is below production strength, unless it is not', async () => {
    expect((await run('power=12&logins=1')).lesson.text).toContain('N = 4,096 is below production strength');
    expect((await run('power=17&logins=1')).lesson.text).not.toContain('production strength');
  });

  test.each(['power=18', 'logins=17', 'way=shell'])('rejects %s with 400', async (query) => {
    await service.client.get(`/demos/security/passwords?${query}`).expect(400);
  });
});
