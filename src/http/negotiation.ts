import type { Request } from 'express';

/**
 * The media type that a client prefers. Parameters such as `charset` are ignored: no route offers more than one variant of
 * a type, and `req.accepts()` would find `application/json; charset=utf-8` to be another type than `application/json`.
 *
 * @param types those that the route can respond with, the preferred one first
 * @returns false if the client accepts none of them
 */
export function preferredType(req: Request, types: readonly string[]): string | false {
  const { accept } = req.headers;
  if (accept?.includes(';') !== true) return req.accepts([...types]);
  const headers = { ...req.headers, accept: withoutParameters(accept) };
  return (Object.create(req, { headers: { value: headers } }) as Request).accepts([...types]);
}

/** A media range, its parameters, and its weight. */
const mediaRange =
  /([^\s,;"]+)((?:\s*;\s*(?!q=)[^\s,;="]+=(?:"(?:[^"\\]|\\.)*"|[^\s,;"]*))*)(\s*;\s*q=[\d.]+)?/gi;

function withoutParameters(accept: string): string {
  return Array.from(accept.matchAll(mediaRange), ([, type = '', parameters = '', weight = '']) =>
    // A refused variant of a type does not refuse the type.
    parameters !== '' && /q=0(?:\.0*)?$/i.test(weight) ? '' : type + weight,
  )
    .filter((range) => range !== '')
    .join(', ');
}
