/**
 * Errors as callers see them: problem details by RFC 9457, from one catalogue with stable codes.
 *
 * A `Problem` is an operational error: all that is in it may be shown. Every other error is shown as
 * `internal-error` with the request id, and nothing else.
 */
import { STATUS_CODES } from 'node:http';

interface ProblemType {
  readonly status: number;
  readonly title: string;
}

/** Every code this service answers with. Codes are stable: callers may match on them. */
export const catalogue = {
  'bad-request': { status: 400, title: 'The request cannot be understood' },
  'invalid-input': { status: 400, title: 'The input is not valid' },
  'malformed-json': { status: 400, title: 'The body is not valid JSON' },
  'malformed-url': { status: 400, title: 'The URL is not valid' },
  'incomplete-body': { status: 400, title: 'The body ended before it was complete' },
  unauthorized: { status: 401, title: 'It is not known who asks' },
  forbidden: { status: 403, title: 'This is not allowed' },
  'not-found': { status: 404, title: 'There is nothing at this path' },
  'method-not-allowed': { status: 405, title: 'This path does not serve this method' },
  'not-acceptable': { status: 406, title: 'None of the accepted media types can be served' },
  'request-timeout': { status: 408, title: 'The request was not complete in time' },
  conflict: { status: 409, title: 'The request conflicts with the present state' },
  'precondition-failed': { status: 412, title: 'A precondition of the request does not hold' },
  'body-too-large': { status: 413, title: 'The body is too large' },
  'url-too-long': { status: 414, title: 'The URL is too long' },
  'unsupported-media-type': { status: 415, title: 'The body has a media type that is not read here' },
  'range-not-satisfiable': { status: 416, title: 'The range lies outside the content' },
  'expectation-failed': { status: 417, title: 'The expectation cannot be met' },
  'unprocessable-content': { status: 422, title: 'The content was understood but cannot be processed' },
  'precondition-required': { status: 428, title: 'The request must be conditional' },
  'rate-limited': { status: 429, title: 'Too many requests' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  'internal-error': { status: 500, title: 'Something went wrong here' },
  'child-failed': { status: 502, title: 'A program that was started for this request failed' }, // not in a copy
  overloaded: { status: 503, title: 'This worker is too busy' },
  busy: { status: 503, title: 'All places for this kind of work are taken' },
  'primary-silent': { status: 503, title: 'The primary did not answer' }, // not in a copy
  stopping: { status: 503, title: 'This service is stopping' },
  'out-of-memory': { status: 507, title: 'The request needed more memory than it may have' }, // not in a copy
} as const satisfies Record<string, ProblemType>;

export type ProblemCode = keyof typeof catalogue;

/** One fault of the input: where it is, by name, and what is wrong with it. */
export interface InputFault {
  readonly in: 'path' | 'query' | 'body' | 'headers';
  readonly name: string;
  readonly message: string;
}

interface ProblemOptions {
  /** What happened this time, for the caller. */
  readonly detail?: string;
  /** Every fault of the input. */
  readonly errors?: readonly InputFault[];
  /** Headers the answer needs, such as `Allow` or `Retry-After`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** For the log only. */
  readonly cause?: unknown;
}

/** An operational error: the caller may know all of it but its `cause`. */
export class Problem extends Error {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  readonly detail: string | undefined;
  readonly errors: readonly InputFault[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(code: ProblemCode, options: ProblemOptions = {}) {
    const { status, title } = catalogue[code];
    // It is an answer and no defect: nobody reads its stack, and taking one costs as much as a layer.
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
   * A problem of a bare status, for what the catalogue has no code of its own. A 5xx of the catalogue says why it is
   * one, which a bare status does not know.
   */
  static ofStatus(status: number, options: ProblemOptions = {}): Problem {
    const known = (Object.keys(catalogue) as ProblemCode[]).find((key) => catalogue[key].status === status);
    if (known !== undefined && status <= 500) return new Problem(known, options);
    return Object.assign(new Problem('internal-error', options), {
      code: `http-${status}`,
      status,
      title: STATUS_CODES[status] ?? 'Unknown status',
    });
  }
}

/** The body of a problem answer: https://www.rfc-editor.org/rfc/rfc9457 */
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
 * @param requestId the request's id, by which the log is found
 * @param instance the path that was asked for
 */
export function toDetails(problem: Problem, requestId: string, instance?: string): ProblemDetails {
  return {
    type: `/problems#${problem.code}`,
    title: problem.title,
    status: problem.status,
    code: problem.code,
    detail: problem.detail,
    instance,
    requestId,
    errors: problem.errors,
  };
}
