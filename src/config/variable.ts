import { z } from 'zod';

/** What a variable is declared with, whatever it accepts. */
interface Declaration<Default> {
  /** One sentence for whoever sets it. */
  readonly doc: string;
  /** Without one it must be set, or the start is stopped. */
  readonly default?: Default;
  /** The default where `NODE_ENV` is `production`, if it is another one. */
  readonly productionDefault?: Default;
  /** The default is for development: where `NODE_ENV` is `production` it must be set. */
  readonly requiredInProduction?: true;
  /** Never shown, not even where it is bad: what stops the start goes to the log. */
  readonly secret?: true;
}

/** One environment variable: what it means, what it accepts and what it is when nobody sets it. */
export interface Variable<T> extends Declaration<string> {
  /** The accepted values in words; it completes «must be …». */
  readonly expects: string;
  /** Its input is what is set, or the default, which are both written as they would be in `.env`. */
  readonly schema: z.ZodType<T, string>;
}

export type Variables = Readonly<Record<string, Variable<unknown>>>;
export type Values<V extends Variables> = {
  readonly [Name in keyof V]: V[Name] extends Variable<infer T> ? T : never;
};

/** What a variable is where nobody sets it, as it would be written in `.env`; nothing where it must be set. */
export function defaultOf(variable: Variable<unknown>, production: boolean): string | undefined {
  if (!production) return variable.default;
  return variable.requiredInProduction ? undefined : (variable.productionDefault ?? variable.default);
}

/**
 * The values of the variables that a feature has declared for itself, from the configuration that it is given.
 *
 * @throws {Error} where the configuration was read without them
 */
export function configOf<V extends Variables>(declared: V, config: object): Values<V> {
  const missing = Object.keys(declared).filter((name) => !(name in config));
  if (missing.length > 0) throw new Error(`The configuration was read without ${missing.join(', ')}`);
  return config as Values<V>;
}

/** Of at most 15 digits, which a number holds exactly. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

/** A whole number within bounds. */
export function integer(
  given: Declaration<number> & { readonly min: number; readonly max: number },
): Variable<number> {
  const { min, max, default: usual, productionDefault, ...rest } = given;
  return {
    ...rest,
    expects: `a whole number from ${min} to ${max}`,
    ...(usual === undefined ? {} : { default: String(usual) }),
    ...(productionDefault === undefined ? {} : { productionDefault: String(productionDefault) }),
    schema: wholeNumber.pipe(z.number().min(min).max(max)),
  };
}

/** One of a few words. */
export function choice<const W extends readonly [string, ...string[]]>(
  words: W,
  given: Declaration<W[number]>,
): Variable<W[number]> {
  return { ...given, expects: `one of ${words.join(', ')}`, schema: z.enum(words) };
}

/** `on` or `off`. */
export function onOff(given: Declaration<'on' | 'off'>): Variable<boolean> {
  return {
    ...given,
    expects: 'on or off',
    schema: z.enum(['on', 'off']).transform((word) => word === 'on'),
  };
}

/** What a text has to look like, and the same in words; without them it may be any. */
type Pattern =
  | { readonly pattern: RegExp; readonly expects: string }
  | { readonly pattern?: never; readonly expects?: never };

/** A text. An empty value counts as not set, so it is empty only by a default of `''`, whatever the pattern. */
export function text({
  pattern,
  expects = 'any text',
  ...given
}: Declaration<string> & Pattern): Variable<string> {
  const filled = pattern === undefined ? z.string() : z.string().regex(pattern);
  return { ...given, expects, schema: z.literal('').or(filled) };
}
