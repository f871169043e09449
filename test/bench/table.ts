export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1
    ? (sorted[middle] ?? 0)
    : ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2;
}

/** The smallest and the largest value. */
export function spread(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`;
}

/** What is aimed at, and whether a ratio reaches it, to the figures that are shown. */
export function verdict(ratio: number, bound: 'at most' | 'at least', aim: number): string {
  const shown = Number(ratio.toFixed(2));
  const reached = bound === 'at most' ? shown <= aim : shown >= aim;
  return `${bound} ${aim.toFixed(2)}: ${reached ? 'yes' : 'NO'}`;
}

/** Columns by the first row's names; the first is words, the others are figures. */
export function renderTable(rows: readonly Readonly<Record<string, string>>[]): string {
  const names = Object.keys(rows[0] ?? {});
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => row[name]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join('  ');
  return [line(names), ...rows.map((row) => line(names.map((name) => row[name] ?? '')))]
    .map((text) => `  ${text}`)
    .join('\n');
}
