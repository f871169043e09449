import { describe, expect, test } from '@jest/globals';
import { useTestApp } from '../../support/use-test-app.ts';

const service = await useTestApp();

interface Answer {
  readonly result: {
    readonly samplesAgree: boolean;
    readonly terminatedAtCharacters: number | null;
    readonly rows: readonly { readonly characters: number; readonly matchMs: number }[];
  };
  readonly lesson: { readonly headline: string; readonly text: string };
}

async function run(query: string): Promise<Answer> {
  const response = await service.client.get(`/demos/security/redos?${query}`).expect(200);
  return response.body as Answer;
}

describe('security/redos', () => {
  test('nested quantifiers take about twice as long per character, until the time limit ends the thread', async () => {
    const { result, lesson } = await run('pattern=nested&length=100');

    expect(result.samplesAgree).toBe(true);
    const [before, last] = result.rows.slice(-2);
    expect(last?.characters).toBeLessThan(40);
    expect(last?.matchMs).toBeGreaterThan(2 * (before?.matchMs ?? Infinity)); // for two more characters
    expect(result.terminatedAtCharacters).toBe((last?.characters ?? NaN) + 2);
    expect(lesson.headline).toContain('exponential');
    expect(lesson.text).toContain('its thread was terminated');
  });

  test('the safe pattern accepts the same texts and matches a long input in about linear time', async () => {
    const { result, lesson } = await run('pattern=safe&length=100000');

    expect(result.samplesAgree).toBe(true);
    expect(result.terminatedAtCharacters).toBeNull();
    const [earlier, last] = [result.rows.at(-4), result.rows.at(-1)]; // 20,480 and 100,000 characters
    expect(last?.characters).toBe(100_000);
    expect(last?.matchMs).toBeLessThan(50 * (earlier?.matchMs ?? 0));
    expect(lesson.headline).toContain('no exponential backtracking');
  });

  test('does not tell from inputs too short for either pattern', async () => {
    for (const pattern of ['nested', 'safe']) {
      const { lesson } = await run(`pattern=${pattern}&length=8`);
      expect(lesson.headline).toMatch(/^This run does not tell/);
      expect(lesson.text).toContain('Raise length');
    }
  });

  test('leaves no thread, whether it ended or was terminated', async () => {
    await run('pattern=nested&length=40');
    const metrics = await service.metrics.registry.metrics();
    expect(metrics).toMatch(/^demo_threads 0$/m);
  });

  test.each(['length=7', 'length=100001', 'pattern=evil'])('rejects %s with 400', async (query) => {
    await service.client.get(`/demos/security/redos?${query}`).expect(400);
  });
});
