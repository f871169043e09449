import type { Unit } from '../scenario.ts';
import { format } from './units.ts';

/** Maps values to positions in a chart. */
export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

interface ScaleOptions {
  readonly values: readonly number[];
  /** The positions of the smallest and the largest value. */
  readonly from: number;
  readonly to: number;
  readonly unit: Unit | 'seconds';
  readonly logarithmic?: boolean;
  /** Whether it ends at the largest value instead of the next tick. */
  readonly tight?: boolean;
  /** The approximate number of ticks that fit. */
  readonly room: number;
}

const LEAST_LOGARITHM = 0.1;

/** Creates a scale: a linear one begins at 0, a logarithmic one begins and ends at a 1, 2 or 5 of a decade. */
export function createScale(options: ScaleOptions): Scale {
  const { from, to, unit } = options;
  const [bottom, top, ticks] = options.logarithmic === true ? logarithmic(options) : linear(options);
  const place = options.logarithmic === true ? Math.log10 : (value: number) => value;
  const span = place(top) - place(bottom);
  const at = (value: number) => {
    const clamped = Math.min(Math.max(value, bottom), top);
    return from + ((place(clamped) - place(bottom)) / span) * (to - from);
  };
  const label = (value: number) => (unit === 'seconds' ? `${value} s` : format(value, unit));
  return { at, ticks: ticks.map((value) => ({ at: at(value), text: label(value) })) };
}

type Range = [bottom: number, top: number, ticks: number[]];

function linear({ values, room, unit, tight = false }: ScaleOptions): Range {
  const greatest = Math.max(0, ...values) || 1;
  const rough = greatest / Math.max(1, room);
  const power = 10 ** Math.floor(Math.log10(rough));
  const fine = ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10) * power;
  // Counts and multiples have no fractional ticks.
  const step = unit === 'count' || unit === 'times' ? Math.max(1, fine) : fine;
  const count = tight ? Math.floor(greatest / step) : Math.ceil((greatest / step) * 0.999);
  const top = tight ? greatest : step * count;
  return [0, top, Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)))];
}

function logarithmic({ values, room }: ScaleOptions): Range {
  const positive = values.map((value) => Math.max(value, LEAST_LOGARITHM));
  const least = positive.length === 0 ? 1 : Math.min(...positive);
  const greatest = Math.max(...positive, least);
  const steps = [-1, 0, 1, 2, 3, 4, 5].flatMap((power) => [1, 2, 5].map((times) => times * 10 ** power));
  const bottom = steps.findLast((step) => step <= least) ?? LEAST_LOGARITHM;
  const top = steps.find((step) => step >= greatest && step > bottom) ?? greatest;
  const within = steps.filter((step) => step >= bottom && step <= top);
  const decades = within.filter((step) => Number.isInteger(Number(Math.log10(step).toFixed(6))));
  const ticks = within.length <= room || decades.length < 2 ? within : decades;
  return [bottom, top, ticks.map((step) => Number(step.toPrecision(6)))];
}
