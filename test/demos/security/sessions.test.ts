import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

interface Row {
  readonly way: string;
  readonly acceptedBefore: boolean;
  readonly requests: number;
  readonly accepted: number;
  readonly workedMs: number;
}

test('security/sessions: after a log-out, a token works until it expires, a cached session for a while, a session never', async () => {
  const response = await service.client.get('/demos/security/sessions?lifetime=3').expect(200);
  const { result, lesson } = response.body as {
    result: { cacheMs: number; rows: readonly Row[] };
    lesson: { headline: string };
  };
  const [token, cached, session] = result.rows;

  expect(result.rows.map(({ acceptedBefore }) => acceptedBefore)).toEqual([true, true, true]);
  expect(session).toMatchObject({ way: 'session', accepted: 0, workedMs: 0 });
  expect(session?.requests).toBeGreaterThan(10);
  expect(cached?.accepted).toBeGreaterThan(0);
  expect(cached?.workedMs).toBeLessThan(2 * result.cacheMs);
  expect(token?.workedMs).toBeGreaterThan(2 * result.cacheMs);
  expect(token?.accepted).toBeGreaterThan(cached?.accepted ?? Infinity);
  expect(token?.accepted).toBeLessThan(token?.requests ?? 0);
  expect(lesson.headline).toMatch(/^After log-out the token worked for \S+ m?s, the session never again$/);
});
