export interface Entity {
  readonly size: number;
  /** A strong ETag: a weak one does not guarantee that two parts fit together. */
  readonly etag: string;
  readonly lastModified: string;
}

/** Bytes to send, from `start` to `end` inclusive; or no bytes. */
export type RangePlan =
  { readonly status: 200 | 206; readonly start: number; readonly end: number } | { readonly status: 416 };

/**
 * Decides by RFC 9110, section 14. Ignores an invalid range and multiple ranges: the response is the whole entity. So it
 * is if `If-Range` names another version, because the part would not fit to what the client has.
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
    // "-500" requests the last 500 bytes.
    return Number(to) === 0
      ? { status: 416 }
      : { status: 206, start: Math.max(0, size - Number(to)), end: size - 1 };
  }
  const start = Number(from);
  const end = to === '' ? size - 1 : Math.min(Number(to), size - 1);
  if (to !== '' && Number(to) < start) return whole; // invalid
  return start >= size ? { status: 416 } : { status: 206, start, end };
}
