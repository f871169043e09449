/**
 * A retried request takes effect only once: https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/
 *
 * The key is stored in the transaction of what the request creates, so there are either both or none. All callers share
 * one key space: with accounts, make the account part of the key.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { Problem } from '../http/problem.ts';

/** How long a key is remembered. */
export const KEY_LIFETIME = '24 hours';

export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,255}$/, { error: 'must be 1 to 255 visible ASCII characters' })
  .optional()
  .describe('A retry with the same key and body returns the same response.');

/** What must be the same in a retry. */
export function hashRequest(request: unknown): string {
  return createHash('sha256').update(JSON.stringify(request)).digest('base64');
}

/** The key came with a different request before. */
export function keyReused(): Problem {
  return new Problem('unprocessable-content', {
    detail: 'This Idempotency-Key was used with a different request.',
  });
}
