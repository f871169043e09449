import { readFileSync, statSync } from 'node:fs';

/** Far more than any key. */
const MAX_BYTES = 65_536;

/** @returns the variable that may name a file with the value of a secret variable: `DATABASE_URL_FILE` */
export function fileVariableOf(name: string): string {
  return `${name}_FILE`;
}

/** Neither, if no file is named. */
interface SecretFile {
  readonly secret?: string;
  /** A sentence that names the variable. It does not show its value, which may be the secret by mistake. */
  readonly fault?: string;
}

/**
 * Reads a secret variable that is given as a file, as Docker, Kubernetes and systemd provide secrets: a file is neither
 * inherited by child processes nor shown by `docker inspect`. White space around the secret, such as the newline of an
 * editor, is removed.
 */
export function readSecretFile(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): SecretFile {
  const variable = fileVariableOf(name);
  const path = environment[variable]?.trim();
  if (!path) return {};
  if (environment[name]?.trim()) return { fault: `${name} and ${variable} must not both be set` };
  try {
    const stats = statSync(path);
    // A pipe could be read only once, and each process reads the file.
    if (!stats.isFile() || stats.size > MAX_BYTES) {
      return { fault: `${variable} must be the path of a file with at most ${MAX_BYTES} bytes` };
    }
    const secret = new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path)).trim();
    return secret === '' ? { fault: `${variable} must be the path of a file that is not empty` } : { secret };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { fault: `${variable} must be the path of a readable text file; reading it failed with ${code}` };
  }
}
