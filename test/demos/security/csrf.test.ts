import { expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

interface Answer {
  readonly result: {
    readonly checks: readonly {
      readonly check: string;
      readonly forgedExecuted: number;
      readonly genuineRefused: number;
    }[];
    readonly requests: readonly {
      readonly request: string;
      readonly method: string;
      readonly forged: boolean;
      readonly executedWith: number;
      readonly stoppedByLayer: boolean;
    }[];
  };
  readonly lesson: { readonly headline: string; readonly text: string };
}

test('security/csrf executes forged requests with every shortcut, and none with the layer', async () => {
  const response = await service.client.get('/demos/security/csrf').expect(200);
  const { result, lesson } = response.body as Answer;

  expect(Object.fromEntries(result.checks.map((row) => [row.check, row.forgedExecuted]))).toEqual({
    'metadata and origin': 0,
    'session only': 4,
    'referer contains': 2,
    'origin ends with': 1,
    'not cross-site': 2,
  });
  expect(result.checks.every(({ genuineRefused }) => genuineRefused === 0)).toBe(true);
  for (const { method, forged, executedWith, stoppedByLayer } of result.requests) {
    expect(stoppedByLayer).toBe(forged && method === 'POST');
    expect(executedWith).toBeGreaterThan(0); // each gets through somewhere, or it would show nothing
  }
  expect(lesson.headline).toBe('4 of 4 shortcuts executed forged requests, metadata and origin none');
  expect(lesson.text).toContain('a GET must not change anything');
});
