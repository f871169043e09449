import { expect, test } from '@jest/globals';
import { Program } from '../../support/program.ts';
import { useTestApp } from '../../support/use-test-app.ts';

interface Row {
  readonly token: string;
  readonly decoded: boolean;
  readonly signature: boolean;
  readonly verified: boolean;
}

const service = await useTestApp();

test.each(['ES256', 'EdDSA', 'RS256'])(
  'decoding accepts every forged token, verifying only the genuine one: %s',
  async (algorithm) => {
    const response = await service.client.get(`/demos/security/tokens?algorithm=${algorithm}`).expect(200);
    const { result, lesson } = response.body as {
      result: { rows: Row[]; keyRequests: object; rotatedAccepted: boolean };
      lesson: { headline: string };
    };
    const accepted = (way: 'decoded' | 'signature' | 'verified') =>
      result.rows.filter((row) => row[way]).map(({ token }) => token);
    expect(accepted('verified')).toEqual(['genuine']);
    expect(accepted('signature')).toEqual(['genuine', 'for another service', 'of another issuer']);
    expect(accepted('decoded')).toHaveLength(result.rows.length);
    expect(result.keyRequests).toEqual({ first: 1, afterUnknownKeys: 1, afterRotation: 2 });
    expect(result.rotatedAccepted).toBe(true);
    expect(lesson.headline).toBe('Decoding accepted 7 of 7 forged tokens, verifying 0');
  },
);

test('issuers in two workers at the same time do not share a port', async () => {
  await using program = await Program.start({ WORKERS: '2' });
  const statuses = await Promise.all(
    Array.from({ length: 24 }, async () => {
      const headers = { Connection: 'close' };
      return (await program.get('/demos/security/tokens', { headers })).status;
    }),
  );
  expect(new Set(statuses)).toEqual(new Set([200]));
});
