import { median } from '../../shared/statistics.ts';

export interface SignTest {
  /** Share of pairs in which the first value was larger; a tie counts half. */
  readonly share: number;
  /** Distance from chance, in standard deviations. */
  readonly z: number;
  readonly medianDifference: number;
}

/**
 * Compares paired measurements by the signs of their differences. It assumes nothing about their distribution, and an
 * outlier counts no more than any other value: https://en.wikipedia.org/wiki/Sign_test
 */
export function signTest(a: readonly number[], b: readonly number[]): SignTest {
  const differences = a.slice(0, b.length).map((figure, i) => figure - (b[i] ?? 0));
  const larger = differences.filter((difference) => difference > 0).length;
  const ties = differences.filter((difference) => difference === 0).length;
  const untied = differences.length - ties;
  return {
    share: differences.length === 0 ? 0.5 : (larger + ties / 2) / differences.length,
    z: untied === 0 ? 0 : (larger - untied / 2) / (Math.sqrt(untied) / 2),
    medianDifference: median(differences),
  };
}
