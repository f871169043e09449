import type { Unit } from '../scenario.ts';

/** A short duration: `3.2 ms`, `470 ms`, `1.8 s`. */
export function formatMs(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return '–';
  if (ms < 10) return `${trim(ms, 1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${trim(ms / 1000, 1)} s`;
}

/** A figure with its unit, or a dash. */
export function format(value: number | null | undefined, unit: Unit): string {
  if (value === null || value === undefined) return '–';
  switch (unit) {
    case 'ms':
      return formatMs(value);
    case 'bytes':
      return value < 1e9 ? `${trim(value / 1e6, value < 1e7 ? 1 : 0)} MB` : `${trim(value / 1e9, 1)} GB`;
    case 'share':
      return `${trim(value * 100, value < 0.1 ? 1 : 0)}%`;
    case 'times':
      return `${trim(value, value < 10 ? 1 : 0)}×`;
    case 'per second':
      return `${compact(value)}/s`;
    case 'count':
      return compact(value);
  }
}

/** "a", "a and b", "a, b, and c". */
export function formatList(items: readonly string[]): string {
  return new Intl.ListFormat('en').format(items);
}

function compact(value: number): string {
  if (value >= 10_000) return `${trim(value / 1000, 0)}k`;
  return trim(value, value < 10 ? 1 : 0);
}

/** Omits trailing zeros. */
function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
