/** Values by the names of their parameters. */
export type Values = Readonly<Record<string, string | number>>;

/** The values of one parameter, from its minimum to its maximum. */
export type Choices = Readonly<Record<string, readonly (string | number)[]>>;

/** Every combination, up to a limit. The first has all first values, the last all last ones. */
export function everyCombination(choices: Choices): Values[] {
  return Object.entries(choices).reduce<Values[]>(
    (rows, [name, values]) => rows.flatMap((row) => values.map((value) => ({ ...row, [name]: value }))),
    [{}],
  );
}

/**
 * A few combinations in which every `strength` values of different parameters occur together: 1 covers every value, 2
 * every pair. The first values together and the last values together are always among them.
 */
export function coveringCombinations(choices: Choices, strength: 1 | 2): Values[] {
  const candidates = everyCombination(choices);
  const chosen = [...new Set([candidates[0] ?? {}, candidates.at(-1) ?? {}])];
  const covered = new Set(chosen.flatMap((row) => partsOf(row, strength)));
  const gainOf = (row: Values) => partsOf(row, strength).filter((part) => !covered.has(part)).length;
  for (;;) {
    const [best] = candidates.map((row) => ({ row, gain: gainOf(row) })).sort((a, b) => b.gain - a.gain);
    if (best === undefined || best.gain === 0) return chosen;
    chosen.push(best.row);
    for (const part of partsOf(best.row, strength)) covered.add(part);
  }
}

/** Each value or pair of values of a row, as text. */
function partsOf(row: Values, strength: 1 | 2): string[] {
  const values = Object.entries(row).map(([name, value]) => `${name}=${value}`);
  if (strength === 1 || values.length === 1) return values;
  return values.flatMap((value, index) => values.slice(index + 1).map((other) => `${value}&${other}`));
}
