import { Problem } from '../http/problem.ts';
import type { Caller } from '../routes/route.ts';

/** A caller who may do what the scopes say. */
export interface ScopedCaller extends Caller {
  readonly scopes: ReadonlySet<string>;
}

interface Credential {
  /** In words: "token". */
  readonly what: string;
  /** Names the scopes that are needed, for credentials that are sent as `Authorization: Bearer`. */
  readonly bearer: boolean;
}

/**
 * @returns the caller, who has all of these scopes
 * @throws {Problem} `forbidden`
 */
export function holdToScopes<Who extends ScopedCaller>(
  caller: Who,
  scopes: readonly string[],
  { what, bearer }: Credential,
): Who {
  const missing = scopes.filter((scope) => !caller.scopes.has(scope));
  if (missing.length === 0) return caller;
  const challenge = `Bearer error="insufficient_scope", scope="${scopes.join(' ')}"`;
  throw new Problem('forbidden', {
    detail: `The ${what} lacks: ${missing.join(' ')}.`,
    ...(bearer ? { headers: { 'WWW-Authenticate': challenge } } : {}),
  });
}
