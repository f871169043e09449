import { z } from 'zod';

/** What every variable is declared with. */
interface Declaration<Default> {
  /** One sentence for the person who sets it. */
  readonly doc: string;
  /** Without a default the variable is required. */
  readonly default?: Default;
  /** The default in production, if it differs. */
  readonly productionDefault?: Default;
  /** The default is for development only: in production the variable is required. */
  readonly requiredInProduction?: true;
  /** Its value is never shown, not even when it is invalid, and may come from a file: `<NAME>_FILE` names it. */
  readonly secret?: true;
}

/** One environment variable: its meaning, its valid values and its default. */
export interface Variable<T> extends Declaration<string> {
  /** The valid values in words; completes "must be …". */
  readonly expects: string;
  /** Parses the value, or the default, as it would be written in `.env`. */
  readonly schema: z.ZodType<T, string>;
}

export type Variables = Readonly<Record<string, Variable<unknown>>>;
export type Values<V extends Variables> = {
  readonly [Name in keyof V]: V[Name] extends Variable<infer T> ? T : never;
};

/** @returns the default as it would be written in `.env`; undefined if the variable is required */
export function defaultOf(variable: Variable<unknown>, production: boolean): string | undefined {
  if (!production) return variable.default;
  return variable.requiredInProduction ? undefined : (variable.productionDefault ?? variable.default);
}

/**
 * The values of a feature's own variables.
 *
 * @throws {Error} if the configuration was read without them
 * @example
 * const { GREETING } = configOf(variables, dependencies.config);
 */
export function configOf<V extends Variables>(declared: V, config: object): Values<V> {
  const missing = Object.keys(declared).filter((name) => !(name in config));
  if (missing.length > 0) throw new Error(`The configuration was read without ${missing.join(', ')}`);
  return config as Values<V>;
}

/** A list of values, without blanks around them. */
export const commaSeparated = z.string().transform((text) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean),
);

/** At most 15 digits, which a number represents exactly. */
export const wholeNumber = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number);

/**
 * A whole number within bounds.
 *
 * @example
 * const variables = { PAGE_SIZE: integer({ doc: 'Entries per page.', default: 20, min: 1, max: 100 }) };
 */
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

/**
 * One of a few words.
 *
 * @example
 * const variables = { TONE: choice(['formal', 'casual'], { doc: 'How to greet.', default: 'casual' }) };
 */
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

/** A pattern, and the same in words. Without them any text is valid. */
type Pattern =
  | { readonly pattern: RegExp; readonly expects: string }
  | { readonly pattern?: never; readonly expects?: never };

/** A text. An empty value counts as not set, so the text is only empty if its default is. */
export function text({
  pattern,
  expects = 'any text',
  ...given
}: Declaration<string> & Pattern): Variable<string> {
  const filled = pattern === undefined ? z.string() : z.string().regex(pattern);
  return { ...given, expects, schema: z.literal('').or(filled) };
}

/**
 * An HTTP or HTTPS URL; empty if it is not set. Without a user name and password: `fetch` refuses such a URL, with an
 * error that contains it.
 */
export function webUrl(given: Declaration<string>): Variable<string> {
  const isWebUrl = (value: string) => {
    const url = URL.parse(value);
    return url !== null && ['http:', 'https:'].includes(url.protocol) && url.username + url.password === '';
  };
  return {
    ...given,
    expects: 'an HTTP or HTTPS URL without user name and password',
    schema: z.literal('').or(z.string().refine(isWebUrl)),
  };
}
