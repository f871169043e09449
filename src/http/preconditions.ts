/** Conditional requests by RFC 9110: https://www.rfc-editor.org/rfc/rfc9110#section-13 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Problem } from './problem.ts';

type Conditional = Pick<IncomingMessage, 'method' | 'headers'>;

/** What identifies the current state of a resource. */
export interface Validators {
  /** Quoted, and with `W/` if it is weak. */
  readonly etag?: string | undefined;
  readonly modified?: Date | undefined;
}

/**
 * Evaluates the conditions of a request in the order of RFC 9110, section 13.2.2. Call it when the request would otherwise
 * succeed, and before anything is changed.
 *
 * @returns whether the client of a GET or HEAD request already has the current state, so that the response is a 304
 * @throws {Problem} `precondition-failed`
 */
export function checkPreconditions({ method, headers }: Conditional, validators: Validators): boolean {
  const { etag, modified } = validators;
  const isRead = method === 'GET' || method === 'HEAD';
  const unmodifiedSince = toSeconds(headers['if-unmodified-since']);
  if (headers['if-match'] !== undefined) {
    if (!matches(headers['if-match'], etag, true)) throw changedSince();
  } else if (modified !== undefined && unmodifiedSince !== undefined) {
    if (Math.floor(modified.getTime() / 1_000) > unmodifiedSince) throw changedSince();
  }
  const modifiedSince = toSeconds(headers['if-modified-since']);
  if (headers['if-none-match'] !== undefined) {
    if (!matches(headers['if-none-match'], etag, false)) return false;
    if (isRead) return true;
    throw new Problem('precondition-failed', {
      detail: 'It exists in the state that If-None-Match excludes.',
    });
  }
  return (
    isRead &&
    modified !== undefined &&
    modifiedSince !== undefined &&
    Math.floor(modified.getTime() / 1_000) <= modifiedSince
  );
}

/**
 * The same for a change, which requires `If-Match`, so that clients do not overwrite what they have not seen.
 *
 * @throws {Problem} `precondition-required` without the header, or `precondition-failed`
 */
export function requireMatch(req: Conditional, validators: Validators): void {
  if (req.headers['if-match'] === undefined) {
    throw new Problem('precondition-required', { detail: 'Send the last ETag you received in If-Match.' });
  }
  checkPreconditions(req, validators);
}

/** The state has changed since the caller read it. */
export function changedSince(): Problem {
  return new Problem('precondition-failed', {
    detail: 'It has changed since you read it. Read it again, then retry.',
  });
}

/**
 * Responds with 304 if the client already has what the headers `ETag` and `Last-Modified` of the response identify.
 *
 * @returns whether it responded
 * @throws {Problem} `precondition-failed`
 */
export function sendNotModified(req: Conditional, res: ServerResponse): boolean {
  const [etag, modified] = [res.getHeader('ETag'), res.getHeader('Last-Modified')];
  const validators = {
    ...(etag === undefined ? {} : { etag: String(etag) }),
    ...(modified === undefined ? {} : { modified: new Date(String(modified)) }),
  };
  if (!checkPreconditions(req, validators)) return false;
  res.statusCode = 304;
  res.end();
  return true;
}

/**
 * The range that a request asks for. Only GET has ranges, and with `If-Range` only if the client has a part of the
 * current state: https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5
 *
 * @returns the `Range` header; undefined if the response is the whole
 */
export function requestedRange({ method, headers }: Conditional, validators: Validators): string | undefined {
  if (method !== 'GET') return undefined;
  const condition = headers['if-range'];
  if (typeof condition !== 'string') return headers.range;
  const { etag, modified } = validators;
  const isCurrent = condition.includes('"')
    ? condition === etag && !etag.startsWith('W/')
    : modified !== undefined && toSeconds(condition) === Math.floor(modified.getTime() / 1_000);
  return isCurrent ? headers.range : undefined;
}

const entityTag = /(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g;
const entityTags = /^[\s,]*(?:(?:W\/)?"[\x21\x23-\x7e\x80-\xff]*"[ \t]*(?:,[\s,]*|$))+$/;

/**
 * Whether one of the entity tags, or `*`, is the current one. A list with anything else in it matches nothing.
 *
 * @param strong whether weak tags match nothing; otherwise `W/` is ignored
 */
function matches(header: string, etag: string | undefined, strong: boolean): boolean {
  if (header.trim() === '*') return true;
  if (etag === undefined || !entityTags.test(header)) return false;
  const given: string[] = header.match(entityTag) ?? [];
  if (strong) return !etag.startsWith('W/') && given.includes(etag);
  return given.map(toOpaque).includes(toOpaque(etag));
}

function toOpaque(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}

/** The three forms of a date: https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7 */
const httpDate =
  /^(?:[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]{5,8}, \d{2}-[A-Z][a-z]{2}-\d{2} \d{2}:\d{2}:\d{2} GMT|[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2} \d{4})$/;

/** @returns a date in seconds since 1970; undefined for what is no HTTP date, which is ignored */
function toSeconds(value: string | undefined): number | undefined {
  if (value === undefined || !httpDate.test(value)) return undefined;
  // The third form has no zone, and is in UTC.
  const time = Date.parse(value.endsWith('GMT') ? value : `${value} GMT`);
  return Number.isNaN(time) ? undefined : time / 1_000;
}
