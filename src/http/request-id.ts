import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { readTraceparent, type Trace } from './trace-context.ts';

/** The fields of every log line of a request. */
export interface RequestFields extends Trace {
  readonly requestId: string;
}

/** Ids that are kept. Any other value could break a log, a header or a terminal. */
const validRequestId = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * Identifies a request by its headers.
 *
 * @returns the caller's request id and trace if they are valid, new ones otherwise
 */
export function identify({ 'x-request-id': inboundId, traceparent }: IncomingHttpHeaders): RequestFields {
  const isKept = typeof inboundId === 'string' && validRequestId.test(inboundId);
  const requestId = isKept ? inboundId : randomUUID();
  const trace = typeof traceparent === 'string' ? readTraceparent(traceparent) : undefined;
  if (trace !== undefined) return { requestId, ...trace };
  // A generated request id is random enough to serve as the trace id as well.
  return { requestId, traceId: (isKept ? randomUUID() : requestId).replaceAll('-', '') };
}
