import { z } from 'zod';

/** One environment variable: what it means, what it accepts and what it is when nobody sets it. */
export interface Variable<T> {
  /** One sentence for whoever sets it. */
  readonly doc: string;
  /** The accepted values in words; it completes «must be …». */
  readonly expects: string;
  /** The default, written as it would be in `.env`. */
  readonly default: string;
  /** The default where `NODE_ENV` is `production`, if it is another one. */
  readonly productionDefault?: string;
  /** Never shown, not even where it is bad: what stops the start goes to the log. */
  readonly secret?: true;
  readonly schema: z.ZodType<T, string>;
}

export type Variables = Readonly<Record<string, Variable<unknown>>>;
export type Values<V extends Variables> = {
  readonly [Name in keyof V]: V[Name] extends Variable<infer T> ? T : never;
};

interface Bounds {
  readonly doc: string;
  readonly default: number;
  readonly productionDefault?: number;
  readonly min: number;
  readonly max: number;
}

/** Of at most 15 digits, which a number holds exactly. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

/** A whole number within bounds. */
export function integer({ doc, min, max, ...given }: Bounds): Variable<number> {
  return {
    doc,
    expects: `a whole number from ${min} to ${max}`,
    default: String(given.default),
    ...(given.productionDefault === undefined ? {} : { productionDefault: String(given.productionDefault) }),
    schema: wholeNumber.pipe(z.number().min(min).max(max)),
  };
}

/** One of a few words. */
export function choice<const W extends readonly [string, ...string[]]>(
  words: W,
  given: { doc: string; default: W[number]; productionDefault?: W[number] },
): Variable<W[number]> {
  return { ...given, expects: `one of ${words.join(', ')}`, schema: z.enum(words) };
}

/** `on` or `off`. */
export function onOff(given: {
  doc: string;
  default: 'on' | 'off';
  productionDefault?: 'on' | 'off';
}): Variable<boolean> {
  return {
    ...given,
    expects: 'on or off',
    schema: z.enum(['on', 'off']).transform((word) => word === 'on'),
  };
}
