import { z } from 'zod';

/**
 * A schema for text whose length counts characters, as JSON Schema does, so that `/openapi.json` says what is checked;
 * `z.string().max()` counts UTF-16 code units. It rejects half a surrogate pair, which no encoding can store.
 */
export function textOf(min: number, max: number): z.ZodString {
  return z
    .string()
    .regex(new RegExp(`^\\P{Cs}{${min},${max}}$`, 'u'), { error: `must be ${min} to ${max} characters` })
    .meta({ minLength: min, maxLength: max });
}
