import { renderTable } from '../../src/shared/text-table.ts';

/** The smallest and the largest value. */
export function range(values: readonly number[]): string {
  return `${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)}`;
}

/** A target, and whether a ratio meets it, compared with the digits that are shown. */
export function judge(ratio: number, bound: 'at most' | 'at least', limit: number): string {
  const shown = Number(ratio.toFixed(2));
  const met = bound === 'at most' ? shown <= limit : shown >= limit;
  return `${bound} ${limit.toFixed(2)}: ${met ? 'yes' : 'NO'}`;
}

/** A table with the keys of the first row as its head; all columns but the first are aligned to the right. */
export function renderRows(rows: readonly Readonly<Record<string, string>>[]): string {
  const columns = Object.keys(rows[0] ?? {}).map((name, index) => ({
    head: name,
    cells: rows.map((row) => row[name] ?? ''),
    align: index === 0 ? ('left' as const) : ('right' as const),
  }));
  return (renderTable(columns, Infinity) ?? []).map((line) => `  ${line}`).join('\n');
}
