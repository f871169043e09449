import type { OpenSpan } from '../telemetry/tracing.ts';
import type { RequestFields } from './request-id.ts';

/**
 * Who closes a connection before a response is complete: the client; this service because of an error, because a time
 * was over (`deadline`), or because a handler destroyed the response without an error (`handler`).
 */
export type ClosedBy = 'client' | 'error' | 'deadline' | 'handler';

/** What the first layer stores in `res.locals`. */
export interface RequestLocals {
  /** Finds this request in the log; also sent as `X-Request-Id`. */
  requestId: string;
  /** The fields of every log line of this request. */
  fields: RequestFields;
  /** When the request arrived, on the clock of `performance.now()`. */
  startedAt: number;
  /** The slot of this request on the in-flight board. */
  slot: number;
  /** The pattern of the route that serves this request; undefined if none does. */
  route: string | undefined;
  /** Who sent it, if a guard has asked. */
  caller: { readonly id: string } | undefined;
  /** The client's address; undefined if the connection was closed before it was read. */
  ip: string | undefined;
  /** Who closed the connection before the response was complete; undefined if it is complete, or still open. */
  closedBy: ClosedBy | undefined;
  /** The span of this request, if it is traced. */
  span: OpenSpan | undefined;
  /** The error that ended the response, once it has been logged. */
  failure: unknown;
}

declare global {
  // eslint-disable-next-line @typescript-eslint/no-namespace -- the only way to type `res.locals`
  namespace Express {
    // eslint-disable-next-line @typescript-eslint/no-empty-object-type -- merges into Express's own interface
    interface Locals extends RequestLocals {}
  }
}
