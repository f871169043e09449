/** The middle of some figures: unlike a mean it is not moved by the few that were disturbed. */
export function median(figures: readonly number[]): number {
  const sorted = figures.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? NaN) + upper) / 2;
}

export interface SignTest {
  /** The share of pairs in which the first was larger; ties count half. */
  readonly share: number;
  /** How far that is from chance, in standard deviations. */
  readonly z: number;
  readonly medianDifference: number;
}

/**
 * Compares figures that were measured in pairs by the signs of their differences alone. It assumes nothing of their
 * distribution, and one wild figure counts no more than any other: https://en.wikipedia.org/wiki/Sign_test
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
