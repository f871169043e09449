import { Problem, type ProblemType } from '../http/problem.ts';

export const dependencyFailed: ProblemType = {
  code: 'dependency-failed',
  status: 502,
  title: 'Another service failed',
};
export const dependencyTimeout: ProblemType = {
  code: 'dependency-timeout',
  status: 504,
  title: 'Another service did not respond in time',
};
export const dependencyUnavailable: ProblemType = {
  code: 'dependency-unavailable',
  status: 503,
  title: 'Another service is unavailable',
};
export const urlRefused: ProblemType = {
  code: 'url-refused',
  status: 422,
  title: 'This URL may not be called',
};

/** The error responses of every route that calls another service. */
export const outboundProblems = [
  dependencyFailed,
  dependencyTimeout,
  dependencyUnavailable,
  urlRefused,
] as const;

/** Why a call failed, with its error response and what that says. Not the host: it may be internal. */
const kinds = {
  url: {
    type: urlRefused,
    detail: 'The URL must be http or https, without credentials, on an allowed port.',
  },
  address: { type: urlRefused, detail: 'The URL leads to an address that this service does not call.' },
  connection: { type: dependencyFailed, detail: 'There was no connection, or it was lost.' },
  status: { type: dependencyFailed, detail: 'The response has an unexpected status.' },
  'too-large': { type: dependencyFailed, detail: 'The response is too large.' },
  'content-type': {
    type: dependencyFailed,
    detail: 'The response has an unexpected content type or coding.',
  },
  schema: { type: dependencyFailed, detail: 'The response is not what was expected.' },
  timeout: { type: dependencyTimeout, detail: 'There was no complete response in time.' },
  'circuit-open': { type: dependencyUnavailable, detail: 'It failed too often just now.' },
  busy: { type: dependencyUnavailable, detail: 'Too many calls wait for it.' },
} as const;

export type FailureKind = keyof typeof kinds;

/** May succeed if it is sent again, as far as the status tells. */
const TRANSIENT_STATUS = new Set([408, 425, 429, 502, 503, 504]);

interface FailureOptions {
  /** The status of the response, if there was one. */
  readonly received?: number;
  readonly retryAfterMs?: number | undefined;
  /** For the log: what happened, without anything from the URL or the body. */
  readonly reason?: string;
}

/** A call to another service that failed; also the error response of the handler that does not catch it. */
export class OutboundError extends Problem {
  readonly kind: FailureKind;
  readonly received: number | undefined;
  readonly retryAfterMs: number | undefined;
  readonly reason: string | undefined;

  constructor(kind: FailureKind, { received, retryAfterMs, reason }: FailureOptions = {}) {
    const { type, detail } = kinds[kind];
    super(type, {
      detail: received === undefined ? detail : `${detail.slice(0, -1)}: ${received}.`,
      ...(type === dependencyUnavailable ? { headers: { 'Retry-After': '1' } } : {}),
      ...(reason === undefined ? {} : { cause: reason }),
    });
    this.kind = kind;
    this.received = received;
    this.retryAfterMs = retryAfterMs;
    this.reason = reason;
  }

  get isTransient(): boolean {
    if (this.kind === 'status') return TRANSIENT_STATUS.has(this.received ?? 0);
    return this.kind === 'connection' || this.kind === 'timeout';
  }
}
