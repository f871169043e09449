/** The demos of writes over HTTP: a retry after a lost response, and clients that write the same resource. */
import { describe, expect, test } from '@jest/globals';
import { conclude as concludeCharges, type Result as Charges } from '../../src/demos/http/double-charge.ts';
import { conclude as concludeEdits, type Result as Edits } from '../../src/demos/http/lost-update.ts';
import type { Lesson } from '../../src/demos/kit/demo.ts';
import { useTestApp } from '../support/use-test-app.ts';

const service = await useTestApp();

async function run<Result>(path: string): Promise<{ result: Result; lesson: Lesson }> {
  const response = await service.client.get(`/demos/http/${path}`).expect(200);
  return response.body as { result: Result; lesson: Lesson };
}

describe('http/double-charge', () => {
  test('a retry without a key charges again', async () => {
    const { result, lesson } = await run<Charges>('double-charge?way=plain&orders=30');

    expect(result).toMatchObject({ responsesLost: 10, confirmed: 30, replayed: 0, otherBodyStatus: null });
    expect(result.charges).toBe(result.attempts);
    // Each lost response, and each charge that took longer than the client waits.
    expect(result.chargedTwice).toBeGreaterThanOrEqual(20);
    expect(lesson.headline).toBe(
      `Retries without a key: ${result.chargedTwice} of 30 orders charged more than once`,
    );
  });

  test('a key that is stored after the charge misses a retry during the charge', async () => {
    const { result, lesson } = await run<Charges>('double-charge?way=late&orders=30');

    expect(result.confirmed).toBe(30);
    expect(result.chargedTwice).toBeGreaterThanOrEqual(10);
    expect(result.replayed).toBeGreaterThan(0);
    expect(lesson.headline).toMatch(/^A key stored late: \d+ of 30 orders charged more than once$/);
  });

  test('a key that is stored first charges every order once, and refuses another order with 422', async () => {
    const { result, lesson } = await run<Charges>('double-charge?way=key&orders=30');

    expect(result).toMatchObject({ charges: 30, chargedTwice: 0, confirmed: 30, otherBodyStatus: 422 });
    expect(result.replayed).toBeGreaterThanOrEqual(20);
    expect(lesson.headline).toBe('A key stored first: every order was charged once');
  });

  test('the lesson claims nothing if no retry could charge twice', () => {
    const result: Charges = {
      way: 'late',
      orders: 1,
      attempts: 1,
      responsesLost: 0,
      timedOut: 0,
      confirmed: 1,
      charges: 1,
      chargedTwice: 0,
      replayed: 0,
      otherBodyStatus: 422,
    };

    expect(concludeCharges(result).headline).toBe('This run does not tell: no response was lost');
    expect(concludeCharges({ ...result, attempts: 2, responsesLost: 1, replayed: 1 }).headline).toBe(
      'This run does not tell: no retry came during a charge',
    );
  });

  test.each(['way=never', 'orders=0', 'orders=101'])('rejects %s with 400', async (query) => {
    await service.client.get(`/demos/http/double-charge?${query}`).expect(400);
  });
});

describe('http/lost-update', () => {
  test.each(['last', 'blind'])('way=%s: of ten confirmed lines, one is left', async (way) => {
    const { result, lesson } = await run<Edits>(`lost-update?way=${way}`);

    expect(result).toMatchObject({ clients: 10, confirmed: 10, linesAtEnd: 1, lost: 9 });
    expect(result.conflicts > 0).toBe(way === 'blind');
    expect(result.withoutIfMatch).toBe(way === 'blind' ? 428 : 200);
    expect(lesson.headline).toMatch(/, 9 of 10 confirmed lines are lost$/);
  });

  test('with If-Match and a second read, no line is lost', async () => {
    const { result, lesson } = await run<Edits>('lost-update?way=if-match');

    expect(result).toMatchObject({ confirmed: 10, linesAtEnd: 10, lost: 0, withoutIfMatch: 428 });
    expect(result.conflicts).toBeGreaterThanOrEqual(9);
    expect(result.writes).toBe(result.conflicts + 10);
    expect(lesson.headline).toBe('With If-Match, all 10 confirmed lines are in the list');
  });

  test('one client shows nothing', () => {
    const result: Edits = {
      way: 'last',
      clients: 1,
      confirmed: 1,
      conflicts: 0,
      reads: 1,
      writes: 1,
      linesAtEnd: 1,
      lost: 0,
      withoutIfMatch: 200,
    };

    expect(concludeEdits(result).headline).toMatch(/^This run does not tell/);
  });
});
