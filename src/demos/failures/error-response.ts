/** What the routes that fail on purpose share. */
import { Problem } from '../../http/problem.ts';

const sources = ['throw', 'reject', 'callback', 'emitter', 'stream'];

export const errorResponse = {
  mediaType: 'application/problem+json',
  description: 'An error response; its cause is in the log only',
} as const;

/** @param cause the underlying error, for the log */
export function conflict(detail: string, cause?: unknown): Problem {
  return new Problem('conflict', { detail, ...(cause === undefined ? {} : { cause }) });
}

/** The ids of the routes where the error comes from another source. */
export function otherSources(source: string): string[] {
  return sources.filter((other) => other !== source).map((other) => `failures/${other}`);
}
