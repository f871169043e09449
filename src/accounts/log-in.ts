import { hash } from 'node:crypto';
import { Problem, type ProblemType } from '../http/problem.ts';
import type { Account, AccountStore } from './account-store.ts';
import type { AttemptLimit } from './attempt-limit.ts';
import type { PasswordHasher } from './password-hasher.ts';

/** The same for an unknown name and a wrong password. */
export const wrongCredentials: ProblemType = {
  code: 'wrong-credentials',
  status: 403,
  title: 'Wrong name or password',
};

interface LogInOptions {
  readonly accounts: AccountStore;
  readonly hasher: PasswordHasher;
  readonly byAddress: AttemptLimit;
  readonly byAccount: AttemptLimit;
}

export interface Attempt {
  /** Normalized. */
  readonly name: string;
  readonly password: string;
  /** Of the client. */
  readonly address: string;
  /** What the browser was given at an earlier log-in. */
  readonly browser: string | undefined;
  readonly signal: AbortSignal;
}

/**
 * Checks names and passwords, so that callers learn only whether both are right: the response and its time are the same for
 * an unknown name.
 *
 * Failures are limited by address, against many names, and by account, against many addresses. Someone who uses up the
 * attempts of an account locks out browsers that have never logged in to it, until the window ends; a browser that has is
 * counted for itself: https://owasp.org/www-community/Slow_Down_Online_Guessing_Attacks_with_Device_Cookies
 */
export class LogIn {
  readonly #options: LogInOptions;

  constructor(options: LogInOptions) {
    this.#options = options;
  }

  /**
   * @returns the account, and what to give to its browser if that is new
   * @throws {Problem} `wrong-credentials`, `rate-limited` or `busy`
   */
  async attempt({ name, password, address, browser, signal }: Attempt): Promise<{
    readonly account: Account;
    readonly newBrowser: string | undefined;
  }> {
    const { accounts, hasher, byAddress, byAccount } = this.#options;
    await byAddress.count(address);
    const found = await accounts.find(name, browser, { signal });
    const isKnown = found?.known_browser === true;
    // The counter needs no names; and people type passwords there.
    const key = hash('sha256', isKnown ? `browser ${browser}` : `name ${name}`, 'base64');
    await byAccount.count(key);
    signal.throwIfAborted();
    const isRight = await hasher.verify(password, found?.password_hash);
    if (!isRight || found === undefined) {
      throw new Problem(wrongCredentials, { detail: 'There is no account with this name and password.' });
    }
    await byAccount.forgive(key);
    if (hasher.isOutdated(found.password_hash)) {
      await accounts.rehash(found.id, found.password_hash, await hasher.hash(password));
    }
    return { account: found, newBrowser: isKnown ? undefined : await accounts.addBrowser(found.id) };
  }
}
