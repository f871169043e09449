import { createHmac, hash, timingSafeEqual } from 'node:crypto';

export type Verdict = 'genuine' | 'forged' | 'unknown-key' | 'absent';

/**
 * Signs short values, as `value.keyId.signature`. The id of the key is in it, so that a value of another key, an older
 * one or another process's, is told apart from a forged one: it is not believed either, but it is nobody's fault.
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

  /** @returns the value only where it is genuine */
  open(signed: string | undefined): { readonly verdict: Verdict; readonly value?: string } {
    if (signed === undefined) return { verdict: 'absent' };
    const [value = '', keyId, signature = '', ...rest] = signed.split('.');
    if (rest.length > 0 || keyId === undefined || !/^[0-9a-f]{8}$/.test(keyId)) return { verdict: 'forged' };
    if (keyId !== this.keyId) return { verdict: 'unknown-key' };
    const given = Buffer.from(signature, 'base64url');
    const expected = this.#signatureOf(value);
    // The lengths of signatures are no secret, and timingSafeEqual insists on equal ones.
    const genuine = given.length === expected.length && timingSafeEqual(given, expected);
    return genuine ? { verdict: 'genuine', value } : { verdict: 'forged' };
  }

  #signatureOf(value: string): Buffer {
    return createHmac('sha256', this.#key).update(value).digest();
  }
}
