/** Password hashes: scrypt, at the strength that https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html recommends. */
import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import { Problem } from '../http/problem.ts';

export interface HasherOptions {
  /** N is 2 to this power: each hash takes 2^logN KiB. */
  readonly logN: number;
  /** Called for each password that is not hashed, because too many wait. */
  readonly onShed?: () => void;
}

interface Parameters {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

interface Parsed extends Parameters {
  readonly salt: Buffer;
  readonly key: Buffer;
}

const R = 8;
const P = 5;
const SALT_BYTES = 16;
const KEY_BYTES = 32;
/** Half of the thread pool by default: files, names and compression need the other half. */
const CONCURRENCY = 2;
/** More would wait for seconds. */
const MAX_WAITING = 32;

/** https://github.com/P-H-C/phc-string-format/blob/master/phc-sf-spec.md */
const PHC = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([\w+/]+)\$([\w+/]+)$/;

const scryptOnPool = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/**
 * Hashes passwords on the thread pool, a few at a time: the event loop goes on, and many log-ins at once take neither all
 * memory nor all threads.
 */
export class PasswordHasher {
  readonly #parameters: Parameters;
  readonly #onShed: () => void;
  /** What an unknown user is compared with: to hash nothing would be faster, and tell who has an account. */
  readonly #dummy: string;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor({ logN, onShed = () => undefined }: HasherOptions) {
    this.#parameters = { logN, r: R, p: P };
    this.#onShed = onShed;
    this.#dummy = format({ ...this.#parameters, salt: randomBytes(SALT_BYTES), key: randomBytes(KEY_BYTES) });
  }

  /**
   * @returns the hash with its parameters and salt: `$scrypt$ln=14,r=8,p=5$…$…`
   * @throws {Problem} `busy`
   */
  async hash(password: string): Promise<string> {
    const salt = randomBytes(SALT_BYTES);
    return format({
      ...this.#parameters,
      salt,
      key: await this.#derive(password, { ...this.#parameters, salt }),
    });
  }

  /**
   * Takes the same time with the hash of an account and without one, if its parameters are the current ones.
   *
   * @throws {Problem} `busy`
   */
  async verify(password: string, stored: string | undefined): Promise<boolean> {
    const parsed = parse(stored ?? this.#dummy);
    const key = await this.#derive(password, parsed);
    return timingSafeEqual(key, parsed.key) && stored !== undefined;
  }

  /** Whether a password should be hashed again: it was hashed at a lower cost. */
  isOutdated(stored: string): boolean {
    const { logN, r, p } = parse(stored);
    return logN < this.#parameters.logN || r < R || p < P;
  }

  async #derive(password: string, { logN, r, p, salt }: Omit<Parsed, 'key'>): Promise<Buffer> {
    await this.#enter();
    try {
      const N = 2 ** logN;
      return await scryptOnPool(password, salt, KEY_BYTES, { N, r, p, maxmem: 256 * N * r });
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#running -= 1;
      else next(); // its place
    }
  }

  async #enter(): Promise<void> {
    if (this.#running < CONCURRENCY) {
      this.#running += 1;
      return;
    }
    if (this.#waiting.length >= MAX_WAITING) {
      this.#onShed();
      throw new Problem('busy', {
        detail: 'Too many passwords are being checked.',
        headers: { 'Retry-After': '1' },
      });
    }
    await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

function format({ logN, r, p, salt, key }: Parsed): string {
  const [saltText, keyText] = [salt, key].map((bytes) => bytes.toString('base64').replace(/=+$/, ''));
  return `$scrypt$ln=${logN},r=${r},p=${p}$${saltText}$${keyText}`;
}

function parse(stored: string): Parsed {
  const [, logN, r, p, salt = '', key = ''] = PHC.exec(stored) ?? [];
  if (key === '') throw new Error('a stored password hash is not in the format of scrypt');
  return {
    logN: Number(logN),
    r: Number(r),
    p: Number(p),
    salt: Buffer.from(salt, 'base64'),
    key: Buffer.from(key, 'base64'),
  };
}
