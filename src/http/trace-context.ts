/** W3C Trace Context: the trace that a request belongs to, and how another service continues it. */
import { randomBytes } from 'node:crypto';

export interface Trace {
  readonly traceId: string;
  /** The caller's span, if it sent one. */
  readonly parentId?: string;
  /** The caller's flags: two hexadecimal digits. */
  readonly traceFlags?: string;
  /** This service's own span, if it records one. */
  readonly spanId?: string;
}

/**
 * Version, trace id, parent id, flags. Only a later version than 00 may have more:
 * https://www.w3.org/TR/trace-context-2/#traceparent-header
 */
const validTraceparent =
  /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(?:$|(?<!^00.{53})-)/;

/** @returns undefined if the header is invalid: a new trace begins */
export function readTraceparent(traceparent: string): Trace | undefined {
  const [, traceId, parentId, traceFlags] = validTraceparent.exec(traceparent) ?? [];
  if (traceId === undefined || parentId === undefined || traceFlags === undefined) return undefined;
  return { traceId, parentId, traceFlags };
}

/** The flags that are known: the caller may have recorded the trace; the trace id is random. */
const SAMPLED = 0x01;
const RANDOM = 0x02;

/**
 * Headers that continue a trace in one request to another service: the span that sends it, or a new id if none is
 * recorded, and what tracing systems have added on the way. A trace that begins here counts as recorded, by the log.
 * https://www.w3.org/TR/trace-context-2/#mutating-the-traceparent-field
 *
 * @param tracestate as received; dropped if it is invalid, or belongs to no valid trace
 */
export function continueTrace(
  { traceId, parentId, traceFlags = '03', spanId }: Trace,
  tracestate?: string | string[],
): Readonly<Record<string, string>> {
  const flags = (Number.parseInt(traceFlags, 16) & (SAMPLED | RANDOM)).toString(16).padStart(2, '0');
  const traceparent = `00-${traceId}-${spanId ?? randomBytes(8).toString('hex')}-${flags}`;
  const isKept = parentId !== undefined && typeof tracestate === 'string' && isTracestate(tracestate);
  return isKept ? { traceparent, tracestate } : { traceparent };
}

const MAX_MEMBERS = 32;
/** https://www.w3.org/TR/trace-context-2/#list */
const validMember = /^[a-z0-9][a-z0-9_*/@-]{0,255}=[ -+\--<>-~]{0,255}[!-+\--<>-~]$/;

function isTracestate(text: string): boolean {
  const members = text.split(',').map((member) => member.trim());
  const filled = members.filter((member) => member !== '');
  return (
    filled.length > 0 && filled.length <= MAX_MEMBERS && filled.every((member) => validMember.test(member))
  );
}
