import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

test('security/ssrf gets past every shortcut, and at connect never', async () => {
  const response = await service.client.get('/demos/security/ssrf').expect(200);
  const { result, lesson } = response.body as {
    result: {
      attacks: number;
      checks: { check: string; internalReached: number; publicReached: boolean }[];
      urls: { url: string; reachedWith: string[] }[];
    };
    lesson: { headline: string; text: string };
  };
  const reached = Object.fromEntries(result.checks.map((row) => [row.check, row.internalReached]));
  expect(reached['no check']).toBe(result.attacks);
  expect(reached['text of the URL']).toBeGreaterThan(reached['host of the parsed URL'] ?? NaN);
  expect(reached['host of the parsed URL']).toBeGreaterThan(reached['resolve, then fetch'] ?? NaN);
  expect(reached['at connect']).toBe(0);
  // What a check before the call cannot see: the next lookup, and a redirect.
  const past = result.urls.filter(({ reachedWith }) => reachedWith.includes('resolve, then fetch'));
  expect(past.map(({ url }) => url)).toEqual(['http://rebinding.test:80/', 'http://public.test/redirect']);
  expect(result.checks.every(({ publicReached }) => publicReached)).toBe(true);
  expect(lesson.headline).toBe('4 of 4 shortcuts reached the internal server, at connect none');
});
