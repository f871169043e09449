import type { Unit } from '../scenario.ts';
import { format } from './units.ts';

/** From figures to places in a picture. */
export interface Scale {
  readonly at: (value: number) => number;
  readonly ticks: readonly { readonly at: number; readonly text: string }[];
}

interface ScaleOptions {
  readonly values: readonly number[];
  /** Where the least and the greatest value are drawn. */
  readonly from: number;
  readonly to: number;
  readonly unit: Unit | 'seconds';
  readonly logarithmic?: boolean;
  /** Whether it ends with the greatest value, and not with the next tick. */
  readonly tight?: boolean;
  /** About how many ticks there is room for. */
  readonly room: number;
}

const LEAST_LOGARITHM = 0.1;

/** A scale over values: a linear one begins at zero, a logarithmic one ends at whole steps of 1, 2 and 5. */
export function createScale(options: ScaleOptions): Scale {
  const { from, to, unit } = options;
  const [bottom, top, ticks] = options.logarithmic === true ? logarithmic(options) : linear(options);
  const place = options.logarithmic === true ? Math.log10 : (value: number) => value;
  const span = place(top) - place(bottom);
  const at = (value: number) => {
    const held = Math.min(Math.max(value, bottom), top);
    return from + ((place(held) - place(bottom)) / span) * (to - from);
  };
  const write = (value: number) => (unit === 'seconds' ? `${value} s` : format(value, unit));
  return { at, ticks: ticks.map((value) => ({ at: at(value), text: write(value) })) };
}

type Range = [bottom: number, top: number, ticks: number[]];

function linear({ values, room, unit, tight = false }: ScaleOptions): Range {
  const greatest = Math.max(0, ...values) || 1;
  const rough = greatest / Math.max(1, room);
  const power = 10 ** Math.floor(Math.log10(rough));
  const fine = ([1, 2, 5, 10].find((times) => times * power >= rough) ?? 10) * power;
  // There is no half of a worker.
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
