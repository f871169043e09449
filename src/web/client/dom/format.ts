/** Figures for people. */

export interface Figure {
  readonly text: string;
  readonly unit: string;
}

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A number with three significant digits, or all digits of a whole number. */
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

/** A figure as text: `12.3 ms`, `37%`. */
export function toText({ text, unit }: Figure): string {
  return text + spaced(unit);
}

/** A unit with the space before it, if it takes one. */
export function spaced(unit: string): string {
  return unit === '' || unit === '%' ? unit : ` ${unit}`;
}

/** Any value as text: strings as they are, everything else as JSON. */
export function stringify(value: unknown): string {
  if (value === undefined || value === null) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** A number with its noun: `1 worker`, `2 workers`. */
export function plural(count: number, noun: string): string {
  return `${digits(count)} ${noun}${count === 1 ? '' : 's'}`;
}

/** A duration in its largest units: `3 h 20 min`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${Math.round(seconds)} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
  return `${Math.floor(seconds / 86_400)} days`;
}

/** The local time on a 24-hour clock. */
export function clockTime(at: string | number): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

const formats: readonly (readonly [RegExp, (value: number) => Figure])[] = [
  [
    /^(p?pid|id|port|code|status)$|[a-z](Pid|Id|Port|Code|Status)$/,
    (value) => ({ text: String(value), unit: '' }),
  ],
  [/bytesPer(Second|S)$/i, (value) => ({ ...bytes(value), unit: `${bytes(value).unit}/s` })],
  [/(Per(Second|S)|^rate|Rate)$/, (value) => ({ text: digits(value), unit: '/s' })],
  [/(Ms|^ms|[a-z]Milliseconds)$/, ms],
  [/(Us|Microseconds)$/, (value) => ({ text: digits(value), unit: 'µs' })],
  [/(Bytes|^bytes)$/, bytes],
  [/(Percent|^percent)$/, (value) => ({ text: digits(value), unit: '%' })],
  [/(utilization|share)$/i, percent],
  [/[a-z](S|Seconds)$/, (value) => ({ text: digits(value), unit: 's' })],
];

/** A number with the unit that its name ends in. */
export function figure(name: string, value: number): Figure {
  const [, format] = formats.find(([pattern]) => pattern.test(name)) ?? [];
  return format?.(value) ?? { text: digits(value), unit: '' };
}

/** A property name as a label: `peakMemoryBytes` becomes "peak memory", since the figure has the unit. */
export function label(name: string): string {
  const bare = name.replace(/(?<=[a-z0-9])(BytesPerSecond|PerSecond|Ms|Bytes|Percent|S)$/, (unit) =>
    unit.endsWith('PerSecond') ? 'Rate' : '',
  );
  return bare
    .replace(/([a-z0-9])([A-Z])/g, '$1 $2')
    .replace(/\b[A-Z][a-z]/g, (letter) => letter.toLowerCase());
}
