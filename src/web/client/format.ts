/** Figures as people read them. */

export interface Figure {
  readonly text: string;
  readonly unit: string;
}

const whole = new Intl.NumberFormat('en-GB', { maximumFractionDigits: 0 });

/** Three digits are enough for a person. */
export function digits(value: number): string {
  const size = Math.abs(value);
  if (Number.isInteger(value) || size >= 100) return whole.format(value);
  return value.toFixed(size >= 10 ? 1 : size >= 0.1 ? 2 : 3);
}

export function ms(value: number): Figure {
  return Math.abs(value) >= 10_000
    ? { text: digits(value / 1000), unit: 's' }
    : { text: digits(Math.round(value * 1000) / 1000), unit: 'ms' };
}

export function bytes(value: number): Figure {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [size, step] = [value, 0];
  while (Math.abs(size) >= 1000 && step < units.length - 1) {
    size /= 1000;
    step += 1;
  }
  return { text: digits(step === 0 ? size : Math.round(size * 100) / 100), unit: units[step] ?? '' };
}

export function percent(share: number): Figure {
  return { text: digits(Math.round(share * 1000) / 10), unit: '%' };
}

/** Any value as text: words as they are, all else as JSON. */
export function asText(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A length of time in one or two words. */
export function age(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} days`;
}

export function clock(at: string | number): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

export function plain({ text, unit }: Figure): string {
  return unit === '' ? text : `${text} ${unit}`;
}

const suffixes: readonly (readonly [RegExp, (value: number) => Figure])[] = [
  [
    /^(p?pid|id|port|code|status)$|[a-z](Pid|Id|Port|Code|Status)$/,
    (value) => ({ text: String(value), unit: '' }),
  ],
  [/bytesPer(Second|S)$/i, (value) => withUnit(bytes(value), '/s')],
  [/(Per(Second|S)|^rate|Rate)$/, (value) => ({ text: digits(value), unit: '/s' })],
  [/(Ms|^ms|[a-z]Milliseconds)$/, ms],
  [/(Us|Microseconds)$/, (value) => ({ text: digits(value), unit: 'µs' })],
  [/(Bytes|^bytes)$/, bytes],
  [/(Percent|^percent)$/, (value) => ({ text: digits(value), unit: '%' })],
  [/(utilization|share)$/i, percent],
  [/[a-z](S|Seconds)$/, (value) => ({ text: digits(value), unit: 's' })],
];

function withUnit({ text, unit }: Figure, more: string): Figure {
  return { text, unit: unit + more };
}

/** A figure with the unit that its name ends in. */
export function figure(name: string, value: number): Figure {
  const [, format] = suffixes.find(([pattern]) => pattern.test(name)) ?? [];
  return format?.(value) ?? { text: digits(value), unit: '' };
}

/** `peakMemoryBytes` is the «peak memory»; its unit stands with the figure. */
export function words(name: string): string {
  const bare = name.replace(/(?<=[a-z0-9])(BytesPerSecond|PerSecond|Ms|Bytes|Percent|S)$/, (unit) =>
    unit.endsWith('PerSecond') ? 'Rate' : '',
  );
  return bare
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/\b[A-Z][a-z]/g, (letter) => letter.toLowerCase());
}
