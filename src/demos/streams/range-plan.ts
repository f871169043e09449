export interface Entity {
  readonly size: number;
  /** A strong one: only such can tell that two pieces fit together. */
  readonly etag: string;
  readonly lastModified: string;
}

/** What to send: bytes `start` to `end`, both included, or nothing. */
export type RangePlan =
  { readonly status: 200 | 206; readonly start: number; readonly end: number } | { readonly status: 416 };

/**
 * Decides by RFC 9110, section 14. A range that cannot be read, or more than one, is answered with the whole; so is
 * one whose `If-Range` names another version, for its piece would not fit to what the client has.
 */
export function planRange(
  { size, etag, lastModified }: Entity,
  range: string | undefined,
  ifRange: string | undefined,
): RangePlan {
  const whole = { status: 200, start: 0, end: size - 1 } as const;
  const [, from, to] = /^bytes=(\d{0,15})-(\d{0,15})$/i.exec(range ?? '') ?? [];
  if (from === undefined || to === undefined || (from === '' && to === '')) return whole;
  if (ifRange !== undefined && ifRange !== etag && ifRange !== lastModified) return whole;
  if (from === '') {
    // «-500» are the last 500 bytes.
    return to === '0' || Number(to) === 0
      ? { status: 416 }
      : { status: 206, start: Math.max(0, size - Number(to)), end: size - 1 };
  }
  const start = Number(from);
  const end = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < start) return whole; // not a range at all
  return start >= size ? { status: 416 } : { status: 206, start, end };
}
