import { createHmac, hash, timingSafeEqual } from 'node:crypto';

export type Verdict = 'genuine' | 'forged' | 'unknown-key' | 'absent';

/**
 * Signs short values as `value.keyId.signature`. The key id distinguishes a value signed with another key, such as an
 * older one or another process's, from a forgery. Neither is accepted, nor is another spelling of a genuine value.
 */
export class Signer {
  readonly #key: Buffer;
  readonly keyId: string;

  constructor(key: Buffer) {
    this.#key = key;
    this.keyId = hash('sha256', key).slice(0, 8);
  }

  sign(value: string): string {
    const signature = createHmac('sha256', this.#key).update(value).digest('base64url');
    return `${value}.${this.keyId}.${signature}`;
  }

  /** @returns the verdict, and the value if it is genuine */
  open(signed: string | undefined): { readonly verdict: Verdict; readonly value?: string } {
    if (signed === undefined) return { verdict: 'absent' };
    const [value = '', keyId, ...rest] = signed.split('.');
    if (rest.length !== 1 || keyId === undefined || !/^[0-9a-f]{8}$/.test(keyId))
      return { verdict: 'forged' };
    if (keyId !== this.keyId) return { verdict: 'unknown-key' };
    // As text: a lenient base64url decoder accepts several spellings of the same bytes.
    const given = Buffer.from(signed);
    const expected = Buffer.from(this.sign(value));
    // timingSafeEqual throws for different lengths, which are no secret.
    const genuine = given.length === expected.length && timingSafeEqual(given, expected);
    return genuine ? { verdict: 'genuine', value } : { verdict: 'forged' };
  }
}
