/** Names and passwords as callers send them. */
import { z } from 'zod';
import { textOf } from '../shared/text.ts';

const NAME = /^[\p{L}\p{M}\p{N}._@+-]{1,64}$/u;

/** Names that look the same are the same. A name may be longer than what was typed. */
export const accountName = textOf(1, 64)
  .transform((name) => name.normalize('NFKC').toLowerCase().normalize('NFKC'))
  .pipe(z.string().regex(NAME, { error: 'must be up to 64 letters, digits, and . _ @ + -' }))
  .describe('Not case-sensitive.');

/** Keyboards encode the same character in several ways: https://pages.nist.gov/800-63-4/sp800-63b.html#passwordver */
const normalize = (password: string) => password.normalize('NFKC');

/** Longer ones are rejected before they are hashed. */
const MAX_LENGTH = 256;

/** Of any length, as of an older policy. */
export const password = textOf(1, MAX_LENGTH).transform(normalize);

export const newPassword = textOf(12, MAX_LENGTH).transform(normalize);
