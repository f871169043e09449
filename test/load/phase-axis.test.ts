import { describe, expect, test } from '@jest/globals';
import { PhaseAxis } from './phase-axis.ts';

describe('the time axis of a variant', () => {
  const axis = new PhaseAxis([
    { phase: { seconds: 2 }, fromS: 0, toS: 2 },
    { phase: { seconds: 3 }, fromS: 6, toS: 9 },
  ]);
  const place = (atS: number) => axis.place({ atS }).map((placed) => placed.atS);

  test('joins the phases and removes the pauses between them', () => {
    expect([axis.startOf(0), axis.startOf(1), axis.endS]).toEqual([0, 2, 5]);
    expect([0, 1.5, 6, 8.5].map(place)).toEqual([[0], [1.5], [2], [4.5]]);
  });

  test('drops items from pauses and from long after the end', () => {
    expect([4, -1, 9.4, 10].map((atS) => place(atS).length)).toEqual([0, 0, 1, 0]);
  });
});
