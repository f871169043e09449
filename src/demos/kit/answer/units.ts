/** Figures as people read them. */

export function ms(value: number): string {
  if (value >= 10_000) return `${(value / 1000).toFixed(1)} s`;
  if (value >= 100) return `${value.toFixed(0)} ms`;
  if (value >= 1) return `${value.toFixed(1)} ms`;
  return value === 0 ? '0 ms' : `${(value * 1000).toFixed(0)} µs`;
}

export function bytes(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e9) return `${(value / 1e9).toFixed(2)} GB`;
  if (size >= 1e6) return `${(value / 1e6).toFixed(1)} MB`;
  if (size >= 1e3) return `${(value / 1e3).toFixed(1)} kB`;
  return `${value} B`;
}

export function percent(share: number): string {
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)}%`;
}

/** A part of a whole, or a multiple if it is much more: "40% of its size", "12× its size". */
export function portion(ratio: number, whole: string): string {
  return ratio > 2 ? `${times(ratio)} ${whole}` : `${percent(ratio)} of ${whole}`;
}

/** A factor with as many digits as are significant: "1.5×", "12×". */
export function times(ratio: number): string {
  return `${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(1)}×`;
}

/** A number with its noun: "1 worker", "2 workers". */
export function count(many: number, one: string, more = `${one}s`): string {
  return `${many} ${many === 1 ? one : more}`;
}
