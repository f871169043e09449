import { hash, randomBytes } from 'node:crypto';

const BYTES = 32;

/** @returns 256 random bits, as text that needs no encoding in a cookie */
export function createSecret(): string {
  return randomBytes(BYTES).toString('base64url');
}

/**
 * What is stored of a secret. A fast hash, unlike that of a password: 256 random bits cannot be guessed, so a slow one would
 * only slow down every request.
 */
export function hashSecret(secret: string): Buffer {
  return hash('sha256', secret, 'buffer');
}
