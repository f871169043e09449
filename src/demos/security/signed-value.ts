import { createHmac, hash, timingSafeEqual } from 'node:crypto';

export type Verdict = 'genuine' | 'forged' | 'unknown-key' | 'absent';

/**
 * Signs short values as `value.keyId.signature`. The key id distinguishes a value signed with another key, such as an
 * older one or another process's, from a forgery. Neither is accepted.
 */
export class Signer {
  readonly #key: Buffer;
  readonly keyId: string;

  constructor(key: Buffer) {
    this.#key = key;
    this.keyId = hash('sha256', key).slice(0, 8);
  }

  sign(value: string): string {
    return `${value}.${this.keyId}.${this.#signatureOf(value).toString('base64url')}`;
  }

  /** @returns the verdict, and the value if it is genuine */
  open(signed: string | undefined): { readonly verdict: Verdict; readonly value?: string } {
    if (signed === undefined) return { verdict: 'absent' };
    const [value = '', keyId, signature = '', ...rest] = signed.split('.');
    if (rest.length > 0 || keyId === undefined || !/^[0-9a-f]{8}$/.test(keyId)) return { verdict: 'forged' };
    if (keyId !== this.keyId) return { verdict: 'unknown-key' };
    const given = Buffer.from(signature, 'base64url');
    const expected = this.#signatureOf(value);
    // timingSafeEqual throws for different lengths, which are no secret.
    const genuine = given.length === expected.length && timingSafeEqual(given, expected);
    return genuine ? { verdict: 'genuine', value } : { verdict: 'forged' };
  }

  #signatureOf(value: string): Buffer {
    return createHmac('sha256', this.#key).update(value).digest();
  }
}
