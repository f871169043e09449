/** Password hashes at the strength that OWASP recommends: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html */
import crypto, { scrypt, scryptSync, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';

const KEY_BYTES = 32;
const BLOCK_SIZE = 8;
/** By the power of two that N is. */
const SCRYPT_P: Readonly<Record<number, number>> = { 13: 10, 14: 5, 15: 3, 16: 2, 17: 1 };
/** CPU time of a common core for N = 2^14 and p = 1. */
const SCRYPT_UNIT_MS = 28;
/** In KiB. */
const ARGON2_MEMORY = 19_456;
const ARGON2_PASSES = 2;

export interface PasswordHash {
  readonly name: string;
  readonly parameters: string;
  readonly memoryBytes: number;
  readonly keyBytes: number;
  /** What one hash takes on a common core without other work. */
  readonly nominalMs: number;
  /** Hashes on libuv's thread pool. */
  readonly onPool: (password: string, salt: Buffer) => Promise<Buffer>;
  /** Hashes on the calling thread. */
  readonly sync: (password: string, salt: Buffer) => Buffer;
}

const scryptOnPool = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** @param power N is 2 to this power, from 13 to 17 */
export function scryptOf(power: number): PasswordHash {
  const p = SCRYPT_P[power] ?? 1;
  const memoryBytes = 128 * 2 ** power * BLOCK_SIZE;
  const options = { N: 2 ** power, r: BLOCK_SIZE, p, maxmem: 2 * memoryBytes };
  return {
    name: 'scrypt',
    parameters: `N = ${options.N.toLocaleString('en')}, r = ${BLOCK_SIZE}, p = ${p}`,
    memoryBytes,
    keyBytes: KEY_BYTES,
    nominalMs: (SCRYPT_UNIT_MS * options.N * p) / 2 ** 14,
    onPool: (password, salt) => scryptOnPool(password, salt, KEY_BYTES, options),
    sync: (password, salt) => scryptSync(password, salt, KEY_BYTES, options),
  };
}

export const argon2id: PasswordHash = {
  name: 'Argon2id',
  parameters: `m = ${ARGON2_MEMORY.toLocaleString('en')} KiB, t = ${ARGON2_PASSES}, p = 1`,
  memoryBytes: ARGON2_MEMORY * 1024,
  keyBytes: KEY_BYTES,
  nominalMs: 30,
  onPool: (password, salt) =>
    new Promise((resolve, reject) => {
      crypto.argon2('argon2id', argon2Parameters(password, salt), (error, key) => {
        if (error === null) resolve(key);
        else reject(error);
      });
    }),
  sync: (password, salt) => crypto.argon2Sync('argon2id', argon2Parameters(password, salt)),
};

function argon2Parameters(message: string, nonce: Buffer) {
  return {
    message,
    nonce,
    parallelism: 1,
    tagLength: KEY_BYTES,
    memory: ARGON2_MEMORY,
    passes: ARGON2_PASSES,
  };
}
