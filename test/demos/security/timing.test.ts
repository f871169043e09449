import { expect, test } from '@jest/globals';
import { signTest } from '../../../src/demos/security/sign-test.ts';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

interface Row {
  readonly comparison: string;
  readonly differenceNs: number;
  readonly firstWrongNs: number;
  readonly leaks: boolean;
}

test('security/timing finds that an early-exit loop leaks ten times more than timingSafeEqual', async () => {
  const response = await service.client.get('/demos/security/timing?length=2048&samples=1000').expect(200);
  const { result } = response.body as {
    result: { rows: readonly Row[]; unequalLengths: Readonly<Record<string, string>> };
  };
  const [loop, , safe] = result.rows;

  expect(loop).toMatchObject({ comparison: 'early-exit loop', leaks: true });
  expect(loop?.differenceNs).toBeGreaterThan(10 * (loop?.firstWrongNs ?? Infinity));
  expect(result.unequalLengths).toEqual({
    direct: 'throws ERR_CRYPTO_TIMING_SAFE_EQUAL_LENGTH',
    hashed: 'rejected',
  });
  expect(Math.abs(safe?.differenceNs ?? Infinity)).toBeLessThan((loop?.differenceNs ?? 0) / 10);
});

test('security/timing rejects more work than a few seconds with 400', async () => {
  await service.client.get('/demos/security/timing?length=16384&samples=20000').expect(400);
});

test('the sign test finds a shift in noise, and nothing in noise without one', () => {
  const noise = Array.from({ length: 1_000 }, (_, i) => ((i * 7_919) % 1_000) / 10);
  const other = Array.from({ length: 1_000 }, (_, i) => ((i * 6_007 + 500) % 1_000) / 10);
  const shifted = noise.map((figure) => figure + 0.1);

  expect(signTest(shifted, noise)).toMatchObject({ share: 1 });
  expect(signTest(shifted, noise).z).toBeGreaterThan(30);
  expect(Math.abs(signTest(other, noise).z)).toBeLessThan(4);
  expect(signTest([1, 1], [1, 1])).toEqual({ share: 0.5, z: 0, medianDifference: 0 });
});
