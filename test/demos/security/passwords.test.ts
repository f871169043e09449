import { describe, expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

interface Answer {
  readonly result: Readonly<Record<string, number>>;
  readonly lesson: { readonly headline: string; readonly text: string };
}

async function run(query: string): Promise<Answer> {
  const response = await service.client.get(`/demos/security/passwords?${query}`).expect(200);
  return response.body as Answer;
}

describe('security/passwords', () => {
  test.each(['scrypt', 'argon2id'])(
    'blocks the event loop with synchronous %s, but not with hashes on the thread pool',
    async (algorithm) => {
      const { result: pool, lesson: free } = await run(`algorithm=${algorithm}&way=pool&power=13&logins=6`);
      const { result: sync, lesson: blocked } = await run(
        `algorithm=${algorithm}&way=sync&power=13&logins=6`,
      );

      for (const result of [pool, sync]) {
        expect(result).toMatchObject({ rightAccepted: 6, wrongAccepted: 0, sameHashes: 0 });
      }
      expect(sync['timerTicks']).toBe(0);
      expect(sync['eventLoopMaxDelayMs']).toBeGreaterThan(0.8 * Number(sync['elapsedMs']));
      expect(blocked.headline).toMatch(/^Hashing blocked/);
      expect(pool['timerTicks']).toBeGreaterThan(0);
      expect(free.headline).toMatch(/^Hashing delayed/);
    },
  );

  test('rejects an unknown user at once, unless it hashes a dummy password', async () => {
    const { result, lesson } = await run('logins=1&power=13');

    expect(result['unknownUserMs']).toBeLessThan(Number(result['wrongPasswordMs']) / 10);
    expect(result['unknownUserHashedMs']).toBeGreaterThan(Number(result['wrongPasswordMs']) / 5);
    expect(lesson.text).toContain('reveals which users exist');
    expect(result['guessesPerSecond']).toBeCloseTo(1000 / Number(result['cpuMsPerHash']), 0);
  });

  test.each(['power=12', 'power=18', 'logins=9', 'way=shell'])('rejects %s with 400', async (query) => {
    await service.client.get(`/demos/security/passwords?${query}`).expect(400);
  });

  test('rejects synchronous hashes that block for over a second with 400, whatever the power', async () => {
    for (const power of [13, 14, 15, 16, 17]) {
      const response = await service.client
        .get(`/demos/security/passwords?way=sync&logins=8&power=${power}`)
        .expect(400);

      expect(response.text).toMatch(/at most [4567] with way=sync/);
    }
  });
});
