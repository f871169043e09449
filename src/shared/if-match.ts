import { Problem } from '../http/problem.ts';

/**
 * Checks that a caller changes what it has seen: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1
 *
 * @param given the `If-Match` header: `*`, or entity tags separated by commas
 * @param current the entity tag of the current state
 * @throws {Problem} `precondition-required` without the header, `precondition-failed` if no tag matches
 */
export function requireMatch(given: string | undefined, current: string): void {
  if (given === undefined) {
    throw new Problem('precondition-required', { detail: 'Send the last ETag you received in If-Match.' });
  }
  const tags = given.split(',').map((tag) => tag.trim());
  if (!tags.includes(current) && !tags.includes('*')) throw changedSince();
}

/** The state has changed since the caller read it. */
export function changedSince(): Problem {
  return new Problem('precondition-failed', {
    detail: 'It has changed since you read it. Read it again, then retry.',
  });
}
