import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** The fields of every log line of a request. */
export interface RequestFields {
  readonly requestId: string;
  /** The trace this request belongs to, as defined by W3C Trace Context. */
  readonly traceId: string;
  /** The caller's span, if it sent one. */
  readonly parentId?: string;
}

/** Ids that are kept. Any other value could break a log, a header or a terminal. */
const validRequestId = /^[A-Za-z0-9._-]{1,128}$/;
/**
 * Version, trace id, parent id, flags. Only a later version than 00 may have more:
 * https://www.w3.org/TR/trace-context/#traceparent-header
 */
const validTraceparent =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(?:$|(?<!^00.{53})-)/;

/**
 * Identifies a request by its headers.
 *
 * @returns the caller's request id and trace if they are valid, new ones otherwise
 */
export function identify({ 'x-request-id': inboundId, traceparent }: IncomingHttpHeaders): RequestFields {
  const isKept = typeof inboundId === 'string' && validRequestId.test(inboundId);
  const requestId = isKept ? inboundId : randomUUID();
  const [, traceId, parentId] =
    (typeof traceparent === 'string' ? validTraceparent.exec(traceparent) : null) ?? [];
  if (traceId === undefined || parentId === undefined) {
    // A generated request id is random enough to serve as the trace id as well.
    return { requestId, traceId: (isKept ? randomUUID() : requestId).replaceAll('-', '') };
  }
  return { requestId, traceId, parentId };
}
