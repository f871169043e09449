import { Problem } from '../http/problem.ts';

/**
 * Makes sure that a caller changes what it has seen: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.1
 *
 * @param given the header `If-Match`: `*`, or entity tags separated by commas
 * @param present the entity tag of what is there now
 * @throws {Problem} `precondition-required` without the header, `precondition-failed` where the tag is another one
 */
export function requireMatch(given: string | undefined, present: string): void {
  if (given === undefined) {
    throw new Problem('precondition-required', {
      detail: 'Send the ETag of what you have seen as If-Match.',
    });
  }
  const tags = given.split(',').map((tag) => tag.trim());
  if (!tags.includes(present) && !tags.includes('*')) throw changedMeanwhile();
}

/** What is there is no longer what the caller has seen. */
export function changedMeanwhile(): Problem {
  return new Problem('precondition-failed', { detail: 'It was changed in the meantime: read it again.' });
}
