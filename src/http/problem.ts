/**
 * Errors as callers see them: problem details (RFC 9457) with stable codes.
 *
 * A `Problem` is an operational error: callers may see everything in it but its `cause`. Any other error becomes
 * `internal-error` with the request id, and nothing else.
 */
import { STATUS_CODES } from 'node:http';

/** A kind of error response. A feature declares its own; those of the service are in `catalog`. */
export interface ProblemType {
  /** Stable: callers may match on it. */
  readonly code: string;
  readonly status: number;
  readonly title: string;
}

/** The codes of the service itself. */
export const catalog = {
  'bad-request': { status: 400, title: 'Bad request' },
  'invalid-input': { status: 400, title: 'Invalid input' },
  'malformed-json': { status: 400, title: 'Malformed JSON' },
  'malformed-url': { status: 400, title: 'Malformed URL' },
  'incomplete-body': { status: 400, title: 'Incomplete body' },
  unauthorized: { status: 401, title: 'Authentication required' },
  forbidden: { status: 403, title: 'Forbidden' },
  'cross-site': { status: 403, title: 'Cross-site request' },
  'not-found': { status: 404, title: 'Not found' },
  'method-not-allowed': { status: 405, title: 'Method not allowed' },
  'not-acceptable': { status: 406, title: 'Not acceptable' },
  'request-timeout': { status: 408, title: 'Request timeout' },
  conflict: { status: 409, title: 'Conflict' },
  'precondition-failed': { status: 412, title: 'Precondition failed' },
  'body-too-large': { status: 413, title: 'Body too large' },
  'url-too-long': { status: 414, title: 'URL too long' },
  'unsupported-media-type': { status: 415, title: 'Unsupported media type' },
  'range-not-satisfiable': { status: 416, title: 'Range not satisfiable' },
  'expectation-failed': { status: 417, title: 'Expectation failed' },
  'unprocessable-content': { status: 422, title: 'Unprocessable content' },
  'precondition-required': { status: 428, title: 'Precondition required' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'headers-too-large': { status: 431, title: 'Request headers too large' },
  'internal-error': { status: 500, title: 'Internal server error' },
  'not-implemented': { status: 501, title: 'Not implemented' },
  overloaded: { status: 503, title: 'Service overloaded' },
  busy: { status: 503, title: 'No capacity left for this operation' },
  stopping: { status: 503, title: 'Service shutting down' },
  'handler-timeout': { status: 504, title: 'Handler timed out' },
  'http-version-not-supported': { status: 505, title: 'HTTP version not supported' },
} as const satisfies Record<string, Omit<ProblemType, 'code'>>;

export type ProblemCode = keyof typeof catalog;

/** @returns the problem type of a code of the service; one that a feature declares is returned as it is */
export function problemType(kind: ProblemCode | ProblemType): ProblemType {
  return typeof kind === 'string' ? { code: kind, ...catalog[kind] } : kind;
}

/** One error in the input. */
export interface InputFault {
  readonly in: 'path' | 'query' | 'body' | 'headers';
  readonly name: string;
  readonly message: string;
}

interface ProblemOptions {
  /** What happened this time, for the caller. */
  readonly detail?: string;
  /** Every error in the input. */
  readonly errors?: readonly InputFault[];
  /** Headers of the response, such as `Allow` or `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log only. */
  readonly cause?: unknown;
}

/**
 * An operational error.
 *
 * @example
 * throw new Problem('not-found', { detail: 'There is no order 42.' });
 */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  readonly errors: readonly InputFault[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(kind: ProblemCode | ProblemType, options: ProblemOptions = {}) {
    const { code, status, title } = problemType(kind);
    // A response, not a defect: its stack would not be read, and capturing one costs as much as a layer.
    const { stackTraceLimit } = Error;
    Error.stackTraceLimit = 0;
    super(options.detail ?? title, options.cause === undefined ? undefined : { cause: options.cause });
    Error.stackTraceLimit = stackTraceLimit;
    this.name = 'Problem';
    this.code = code;
    this.status = status;
    this.title = title;
    this.detail = options.detail;
    this.errors = options.errors;
    this.headers = options.headers ?? {};
  }

  /**
   * The problem of a bare status. A 5xx status gets no code of the catalog: those name a cause, which a bare status
   * does not.
   */
  static ofStatus(status: number, options: ProblemOptions = {}): Problem {
    const known = (Object.keys(catalog) as ProblemCode[]).find((key) => catalog[key].status === status);
    if (known !== undefined && status <= 500) return new Problem(known, options);
    const title = STATUS_CODES[status];
    // Clients treat an unknown status as the x00 of its class: https://www.rfc-editor.org/rfc/rfc9110#section-15
    const named = title === undefined ? Math.floor(status / 100) * 100 : status;
    return new Problem({ code: `http-${named}`, status, title: title ?? 'Unknown status' }, options);
  }
}

/** The body of an error response: https://www.rfc-editor.org/rfc/rfc9457 */
export interface ProblemDetails {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string | undefined;
  readonly instance: string | undefined;
  readonly requestId: string;
  readonly errors: readonly InputFault[] | undefined;
}

export const PROBLEM_MEDIA_TYPE = 'application/problem+json';

/**
 * @param requestId finds the request in the log
 * @param instance the requested path
 */
export function toDetails(problem: Problem, requestId: string, instance?: string): ProblemDetails {
  return {
    type: `/problems#${problem.code}`,
    title: problem.title,
    status: problem.status,
    code: problem.code,
    detail: problem.detail,
    instance: instance === undefined ? undefined : toReference(instance),
    requestId,
    errors: problem.errors,
  };
}

/** A path as a URI reference: encoded, and not the `//host` of another place. https://www.rfc-editor.org/rfc/rfc3986 */
function toReference(path: string): string | undefined {
  if (!path.startsWith('/')) return undefined;
  const encoded = path.replaceAll(/[^\w\-.~!$&'()*+,;=:@%/]/gu, (character) => encodeURIComponent(character));
  return encoded.startsWith('//') ? `/.${encoded}` : encoded;
}
