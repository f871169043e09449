import type { Request } from 'express';
import { z } from 'zod';
import { preferredType } from '../http/negotiation.ts';

export type Format = 'json' | 'text';

/** The query parameter that chooses the format of a response. */
export const formatParameter = z
  .enum(['json', 'text'], { error: 'must be json or text' })
  .optional()
  .describe('Format of the response');

/**
 * The format that a request asks for: by `?as=`, or by its `Accept` header.
 *
 * @param raw media types of the route itself, which win if the client prefers them
 * @returns undefined if the client wants none of the formats
 */
export function requestedFormat(req: Request, raw: readonly string[] = []): Format | undefined {
  const asked = formatParameter.safeParse(req.query['as']).data;
  if (asked !== undefined) return asked;
  const best = preferredType(req, [...raw, 'application/json', 'text/plain']);
  if (best === false || raw.includes(best)) return undefined;
  return best === 'text/plain' ? 'text' : 'json';
}
